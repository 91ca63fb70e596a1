// Times explanations of one checkpoint on one input, and the forward pass alone: the side of the library in
// comparisons with other tools.
#include <ATen/Parallel.h>
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/bench/bench.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/cuda/float32_products.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/heap.h>
#include <lrpp/framework/io/byte_size.h>
#include <lrpp/framework/recording.h>

#include <CLI/CLI.hpp>

namespace {

using namespace lrpp;

struct Options {
  std::string model, input, rules, device = "cpu", dtype = "float32", output, recompute = "auto", memory;
  int repeat = 5;
  bool json = false, recorded = false, fp16x3 = false;
};

std::map<std::string, Tensor> read_inputs(const Model& model, const SafetensorsFile& file) {
  const auto get = [&](const char* name) {
    return file.tensors().contains(name) ? file.get(name).clone() : Tensor();
  };
  if (model.image) return prepare_image(model, {get("pixel_values"), {}});
  return prepare_text(model, {get("input_ids"), get("attention_mask"), {}, get("token_type_ids")}, "last");
}

void run(const Options& o) {
  const Registry registry = builtin_registry();
  const at::Device device = device_from_name(o.device);
  require(!o.fp16x3 || (device.is_cuda() && o.dtype == "float32"), "fp16x3",
          "is for products of float32 on GPUs; add --device cuda --dtype float32, or leave it out");
  set_float32_products(o.fp16x3 ? Float32Products::fp16x3 : Float32Products::cublas);
  const Model model = load_model(registry, o.model, {dtype_from_name(o.dtype), device, false});
  const std::string rules = o.rules.empty() ? model.default_composite : o.rules;
  const Plan plan = make_plan(model.graph, composite_from_argument(registry, rules));
  const SafetensorsFile file(o.input);
  const auto inputs = read_inputs(model, file);
  ExplainOptions options;
  options.memory = {recompute_from_name(o.recompute), bytes_from_word("memory", o.memory)};
  if (file.tensors().contains("target")) {
    options.targets = {"input"};
    options.given_target = file.get("target").clone();
  }
  const auto measure = [&](const std::function<void()>& work) {
    Measured measured;
    const PeakMemory memory(device);
    measured.time = time_runs(device, /*warmup=*/1, o.repeat, work);
    measured.base_mib = memory.base_mib();
    measured.peak_mib = memory.peak_mib();
    return measured;
  };
  // First, for its peak is the smaller one, and freed memory stays with the process on the CPU.
  const Measured plain = measure([&] { forward(plan, inputs, {}, options.memory); });
  Attribution result;
  std::optional<Recording> recording;
  if (o.recorded) recording.emplace(plan, inputs, model.labels, options);
  const Measured whole = measure([&] {
    result = recording ? recording->explain(inputs) : explain(plan, inputs, model.labels, options);
  });
  if (!o.output.empty()) {
    save_safetensors(o.output, {{"relevance", result.relevance}, {"logits", result.logits}});
  }
  const auto known = [](const std::optional<double>& mib) { return mib ? Json(*mib) : Json(nullptr); };
  const Json report = {{"median_ms", whole.time.median_ms},
                       {"times_ms", whole.time.runs_ms},
                       {"base_mib", whole.base_mib},
                       {"peak_mib", known(whole.peak_mib)},
                       {"forward_ms", plain.time.median_ms},
                       {"forward_times_ms", plain.time.runs_ms},
                       {"forward_peak_mib", known(plain.peak_mib)},
                       {"composite", rules},
                       {"recompute", o.recompute},
                       {"memory_limit_bytes", options.memory.limit},
                       {"fp16x3", o.fp16x3},
                       {"threads", at::get_num_threads()}};
  fmt::print("{}\n", o.json ? report.dump() : report.dump(1));
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();  // as the program does
  Options o;
  CLI::App app{"Times explanations of one checkpoint on one input; the first run is not counted"};
  app.add_option("MODEL", o.model, "the checkpoint's folder")->required();
  app.add_option("--input", o.input,
                 "safetensors with pixel_values or input_ids; target [B] is used if there")
      ->required();
  app.add_option("--rules", o.rules, "a composite or a rules file (default: the family's)");
  app.add_option("--device", o.device)->capture_default_str();
  app.add_option("--dtype", o.dtype)->capture_default_str();
  app.add_option("--recompute", o.recompute, "auto, always or never")->capture_default_str();
  app.add_option(
      "--memory", o.memory,
      "how much memory to plan with, as 12GiB, weights included (default: what the device has free)");
  app.add_option("--repeat", o.repeat)->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--output", o.output, "writes the relevance as safetensors");
  app.add_flag("--recorded", o.recorded, "explanations are replayed from a recording, on a CUDA device");
  app.add_flag("--fp16x3", o.fp16x3,
               "float32 products from three products of float16 parts, on a CUDA device");
  app.add_flag("--json", o.json, "on one line");
  CLI11_PARSE(app, argc, argv);
  try {
    run(o);
  } catch (const UserError& error) {
    fmt::print(stderr, "bench_peers_ours: {}\n", error.what());
    return 2;
  }
  return 0;
}
