#include <lrpp/cli/commands.h>
#include <lrpp/cli/inputs.h>
#include <lrpp/cli/outputs.h>
#include <lrpp/framework/bench/bench_report.h>
#include <lrpp/framework/bench/random_inputs.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/io/file.h>

#include <algorithm>
#include <cstdio>

namespace lrpp::cli {
namespace {

struct Options {
  Request request;
  BenchOptions bench;
  std::vector<int64_t> tokens;
  std::optional<int64_t> batch, seed;
  std::vector<std::string> outputs;
};

bool has_input(const Request& r) {
  return r.text || !r.text_file.empty() || !r.input.empty() || !r.images.empty();
}

void check(const Options& options) {
  check_outputs(options.outputs, {".json", ".md"});
  require(options.bench.repeat >= 1, "repeat", "must be at least 1; got {}", options.bench.repeat);
  require(options.bench.warmup >= 0, "warmup", "must be at least 0; got {}", options.bench.warmup);
  for (const int64_t tokens : options.tokens)
    require(tokens >= 1, "tokens", "must be at least 1; got {}", tokens);
  require(options.batch.value_or(1) >= 1, "batch", "must be at least 1; got {}", options.batch.value_or(1));
  require(!options.bench.recorded || !device_from_name(options.request.computation.device).is_cpu(),
          "recorded", "is a CUDA graph, and the device is '{}'; add --device cuda, or leave it out",
          options.request.computation.device);
  require(options.seed.value_or(0) >= 0, "seed", "must be at least 0; got {}", options.seed.value_or(0));
  if (!has_input(options.request)) return;
  check_one_input(options.request);
  require(options.tokens.empty() && !options.batch && !options.seed, "bench",
          "--tokens, --batch and --seed are for random inputs, and an input is given; leave one of the two "
          "out");
}

/// The lengths of random texts that are asked for; of images one entry that stands for their size.
std::vector<int64_t> sizes_of(const Options& options, const Model& model) {
  require(!model.image || options.tokens.empty(), "tokens",
          "model type '{}' sees; its pictures have the size that it takes. Leave --tokens out",
          model.model_type);
  if (!options.tokens.empty()) return options.tokens;
  constexpr int64_t usual = 512;
  return {model.max_tokens > 0 ? std::min(model.max_tokens, usual) : usual};
}

BenchReport measure(const Options& options) {
  const Request& request = options.request;
  const bool given = has_input(request);
  Prepared prepared = given ? prepare(request) : prepare_model(request);
  const Model& model = prepared.model;
  BenchReport report;
  // A path with a slash at its end has an empty last part.
  report.model = model.directory.filename().empty() ? model.directory.parent_path().filename().string()
                                                    : model.directory.filename().string();
  report.machine = describe_machine(model.device);
  report.options = options.bench;
  report.options.device = model.device;
  // Every size is refused before the first is measured.
  std::vector<Inputs> inputs;
  const auto seed = static_cast<uint64_t>(options.seed.value_or(0));
  if (given) inputs.push_back(prepared.inputs);
  for (const int64_t tokens : given ? std::vector<int64_t>{} : sizes_of(options, model)) {
    if (model.image) {
      prepared.pixels = random_images(model, options.batch.value_or(1), seed);
    } else {
      prepared.tokens = random_text(model, options.batch.value_or(1), tokens, seed);
    }
    finish_inputs(request, prepared);
    inputs.push_back(prepared.inputs);
  }
  report.record = record(request, prepared);
  if (!given) report.record["seed"] = seed;
  report.record["recompute"] = request.recompute;
  if (!request.memory.empty()) report.record["memory"] = request.memory;
  report.options.peaks = measure_peaks(
      // Those are the products that it counts then.
      request.computation.fp16x3 ? at::kHalf : model.dtype, model.device);
  const std::shared_ptr<const Plan> plan = prepared.composite->plan(model);
  const ExplainOptions how = explain_options(request, prepared);
  for (const Inputs& each : inputs)
    report.runs.push_back(bench(*plan, each, model.labels, how, report.options));
  return report;
}

void bench_command(const Options& options) {
  check(options);
  const BenchReport report = measure(options);
  const std::string text = render(report);
  for (const std::string& output : options.outputs)
    write_atomically(output, output.ends_with(".md") ? text : to_json(report).dump(1) + "\n");
  fmt::print("{}", text);
  std::fflush(stdout);
  tell_written(options.outputs);
}

}  // namespace

void add_bench(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand(
      "bench", "time explanations beside the model's own forward pass and the machine's limits");
  const auto options = std::make_shared<Options>();
  add_request_options(*command, options->request);
  add_memory_options(*command, options->request);
  const std::string random = "Random input";
  command
      ->add_option("--tokens", options->tokens,
                   "the length of texts of random ids (default: 512, or what the model takes); several as "
                   "512,2048, or given again")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->take_all()
      ->group(random);
  command->add_option("--batch", options->batch, "how many texts or pictures at once (default: 1)")
      ->group(random);
  command->add_option("--seed", options->seed, "of the random numbers (default: 0)")->group(random);
  command->add_option("--repeat", options->bench.repeat, "runs that are timed")->capture_default_str();
  command->add_option("--warmup", options->bench.warmup, "runs before those")->capture_default_str();
  command->add_flag("--recorded", options->bench.recorded,
                    "also recorded once as a CUDA graph and replayed, as for many short inputs of one size");
  command->add_flag("--profile", options->bench.profile,
                    "also op by op: time, bytes, operations and what the machine's limits explain");
  command->add_option("--output", options->outputs, "also write F.json or F.md; may be given again")
      ->take_all();
  command->callback([&exit_code, options] {
    bench_command(*options);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
