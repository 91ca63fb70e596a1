#include <c10/core/GradMode.h>
#include <lrpp/framework/bench/bench.h>
#include <lrpp/framework/bench/profile.h>
#include <lrpp/framework/recording.h>

namespace lrpp {
namespace {

Measured measure(const BenchOptions& options, const std::function<void()>& work) {
  Measured measured;
  const PeakMemory memory(options.device);
  measured.time = time_runs(options.device, options.warmup, options.repeat, work);
  measured.base_mib = memory.base_mib();
  measured.peak_mib = memory.peak_mib();
  return measured;
}

void set_flops(Measured& measured, double flops, const Peaks& peaks) {
  measured.gflop = flops / 1e9;
  if (peaks.gflop_per_s > 0) measured.limit_ms = 1000 * measured.gflop / peaks.gflop_per_s;
}

/// Batch and sizes of what the model reads.
void set_sizes(BenchRun& run, const Tensor& input) {
  run.batch = input.size(0);
  if (input.dim() == 4) {
    run.image = input.sizes().slice(1).vec();
  } else {
    run.tokens = input.size(1);
  }
}

}  // namespace

BenchRun bench(const Plan& plan, const std::map<std::string, Tensor>& inputs,
               const std::vector<std::string>& labels, const ExplainOptions& explain_options,
               const BenchOptions& options) {
  require(options.repeat >= 1, "repeat", "must be at least 1; got {}", options.repeat);
  require(options.warmup >= 0, "warmup", "must be at least 0; got {}", options.warmup);
  const c10::NoGradGuard no_grad;
  BenchRun run;
  const bool sees = inputs.contains("pixel_values");
  set_sizes(run, inputs.at(sees ? "pixel_values" : "input_ids"));
  const Plan own = make_forward_plan(plan.graph, std::vector<Value>{});
  const auto explain_once = [&] {
    run.explanations = explain(plan, inputs, labels, explain_options).relevance.size(0);
  };
  // First, for its peak is the smaller one, and on a CPU freed memory may stay with the process.
  run.forward = measure(options, [&] { forward(own, inputs); });
  run.explanation = measure(options, explain_once);
  if (options.recorded) {
    const PeakMemory memory(options.device);
    Recording recording(plan, inputs, labels, explain_options);
    run.recorded.emplace();
    run.recorded->time =
        time_runs(options.device, options.warmup, options.repeat, [&] { recording.explain(inputs); });
    run.recorded->base_mib = memory.base_mib();
    run.recorded->peak_mib = memory.peak_mib();
  }
  const Operations operations = count_operations(explain_once);
  double flops_forward = 0;
  for (const auto& [node, counted] : operations.nodes) {
    if (node.pass == Pass::forward && !node.node.empty()) flops_forward += counted.flops;
  }
  set_flops(run.forward, flops_forward, options.peaks);
  set_flops(run.explanation, operations.flops(), options.peaks);
  if (run.recorded) set_flops(*run.recorded, operations.flops(), options.peaks);
  const double median = run.explanation.time.median_ms;
  run.ratio = median / run.forward.time.median_ms;
  run.per_second = 1000 * static_cast<double>(run.batch * (sees ? 1 : run.tokens)) / median;
  run.products_ms = products_alone_ms(operations.products, options.device, options.repeat);
  run.products_share = run.products_ms / median;
  run.peak_share = run.explanation.limit_ms / median;
  if (!options.profile) return run;
  double whole = 0;
  const auto times = time_nodes(options.device, [&] {
    for (int64_t i = 0; i < options.repeat; ++i) whole += milliseconds(options.device, explain_once);
  });
  run.ops = profile_rows(plan.graph, times, options.repeat, whole, operations, options.peaks);
  return run;
}

}  // namespace lrpp
