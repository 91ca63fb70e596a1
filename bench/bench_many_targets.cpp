// What K targets of one input cost from one forward pass, beside K explanations one by one, in one run.
// Prints a Markdown table. Targets are the first K outputs; ids or pixels are random. Up to `one-by-one`
// explanations are made one by one; where K is larger, their time is scaled to K, and the table says so by a
// star.
//   bench_many_targets [MODEL] [--targets 1 10] [--tokens 512] [--rows-at-once 0] [--one-by-one 10]
//                      [--rules NAME] [--device cpu|cuda] [--dtype float32] [--repeat 3]
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/bench/bench.h>
#include <lrpp/framework/bench/random_inputs.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/heap.h>
#include <lrpp/framework/registry.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

namespace {

using namespace lrpp;

struct Options {
  std::string model = "zoo/digits-cnn", rules, device = "cpu", dtype = "float32";
  std::vector<int64_t> targets{1, 10};
  int64_t tokens = 512, rows_at_once = 0, one_by_one = 10, repeat = 3;
};

void run(const Options& o) {
  const Registry registry = builtin_registry();
  const at::Device device = device_from_name(o.device);
  const Model model = load_model(registry, o.model, {dtype_from_name(o.dtype), device, false});
  const std::string rules = o.rules.empty() ? model.default_composite : o.rules;
  const Plan plan = make_plan(model.graph, composite_from_argument(registry, rules));
  const auto inputs = model.image ? prepare_image(model, random_images(model, 1, 0))
                                  : prepare_text(model, random_text(model, 1, o.tokens, 0), "last");
  const auto explain_targets = [&](int64_t begin, int64_t end) {
    ExplainOptions options;
    options.rows_at_once = o.rows_at_once;
    options.targets.clear();
    for (int64_t k = begin; k < end; ++k) options.targets.push_back(std::to_string(k));
    explain(plan, inputs, model.labels, options);
  };
  const auto median_ms = [&](const std::function<void()>& work) {
    return time_runs(device, /*warmup=*/1, o.repeat, work).median_ms;
  };
  const Plan own = make_forward_plan(plan.graph, std::vector<Value>{});
  fmt::print("{}, {}, {} on {}, medians of {}; own forward pass {:.1f} ms\n\n", model.model_type, rules,
             o.dtype, o.device, o.repeat, median_ms([&] { forward(own, inputs); }));
  fmt::print(
      "| targets | together, ms | ms a target | one by one, ms | one by one / together "
      "|\n|---|---|---|---|---|\n");
  for (const int64_t count : o.targets) {
    const double together = median_ms([&] { explain_targets(0, count); });
    const int64_t made = std::min(count, o.one_by_one);
    const double apart = median_ms([&] {
                           for (int64_t k = 0; k < made; ++k) explain_targets(k, k + 1);
                         }) *
                         static_cast<double>(count) / static_cast<double>(made);
    fmt::print("| {} | {:.1f} | {:.2f} | {:.1f}{} | {:.2f} |\n", count, together,
               together / static_cast<double>(count), apart, made < count ? "*" : "", apart / together);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();  // as the program does
  Options o;
  CLI::App app{"Times several targets of one forward pass beside explanations one by one"};
  app.add_option("MODEL", o.model, "the checkpoint's folder")->capture_default_str();
  app.add_option("--targets", o.targets)->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--tokens", o.tokens)->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--rows-at-once", o.rows_at_once, "0: chosen by their size")->capture_default_str();
  app.add_option("--one-by-one", o.one_by_one, "how many are made one by one; more are scaled from these")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--rules", o.rules, "a composite or a rules file (default: the family's)");
  app.add_option("--device", o.device)->capture_default_str();
  app.add_option("--dtype", o.dtype)->capture_default_str();
  app.add_option("--repeat", o.repeat)->capture_default_str()->check(CLI::PositiveNumber);
  CLI11_PARSE(app, argc, argv);
  try {
    run(o);
  } catch (const UserError& error) {
    fmt::print(stderr, "bench_many_targets: {}\n", error.what());
    return 2;
  }
  return 0;
}
