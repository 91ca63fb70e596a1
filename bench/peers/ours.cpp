// Times explanations of one checkpoint on one input, and the forward pass alone: the side of the library in
// comparisons with other tools.
#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/GradMode.h>
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/heap.h>
#include <lrpp/framework/recording.h>
#include <malloc.h>
#include <torch/cuda.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <fstream>

namespace {

using namespace lrpp;

struct Options {
  std::string model, input, rules, device = "cpu", dtype = "float32", output;
  int repeat = 5;
  bool json = false, recorded = false;
};

/// A line of /proc/self/status in MiB: VmRSS (now) or VmHWM (the largest so far).
double status_mib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1024;
  }
  return 0;
}

/// Memory now, and the start of counting the peak anew: on the CPU the resident set, on a GPU what is
/// allocated.
double start_counting(const at::Device& device) {
  if (device.is_cuda()) {
    auto* allocator = c10::getDeviceAllocator(device.type());
    allocator->resetPeakStats(device.index());
    const auto stats = allocator->getDeviceStats(device.index());
    return static_cast<double>(stats.allocated_bytes[0].current) / (1 << 20);
  }
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
  return status_mib("VmRSS");
}

double peak_mib(const at::Device& device) {
  if (device.is_cuda()) {
    const auto stats = c10::getDeviceAllocator(device.type())->getDeviceStats(device.index());
    return static_cast<double>(stats.allocated_bytes[0].peak) / (1 << 20);
  }
  return status_mib("VmHWM");
}

struct Measured {
  std::vector<double> times_ms;
  double base_mib = 0, peak_mib = 0;
  double median_ms() const {
    std::vector<double> sorted = times_ms;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
};

double milliseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

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
  const Model model = load_model(registry, o.model, {dtype_from_name(o.dtype), device, false});
  const std::string rules = o.rules.empty() ? model.default_composite : o.rules;
  const Plan plan = make_plan(model.graph, composite_from_argument(registry, rules));
  const SafetensorsFile file(o.input);
  const auto inputs = read_inputs(model, file);
  ExplainOptions options;
  if (file.tensors().contains("target")) {
    options.targets = {"input"};
    options.given_target = file.get("target").clone();
  }
  const auto finish = [&] {
    if (device.is_cuda()) torch::cuda::synchronize();
  };
  const auto measure = [&](const auto& work) {
    Measured measured;
    measured.base_mib = start_counting(device);
    for (int i = 0; i <= o.repeat; ++i) {  // the first one warms up
      const auto start = std::chrono::steady_clock::now();
      work();
      finish();
      if (i > 0) measured.times_ms.push_back(milliseconds_since(start));
    }
    measured.peak_mib = peak_mib(device);
    return measured;
  };
  // First, for its peak is the smaller one, and freed memory stays with the process on the CPU.
  const Measured plain = measure([&] {
    const c10::NoGradGuard no_grad;
    forward(plan, inputs);
  });
  Attribution result;
  std::optional<Recording> recording;
  if (o.recorded) recording.emplace(plan, inputs, model.labels, options);
  const Measured whole = measure([&] {
    result = recording ? recording->explain(inputs) : explain(plan, inputs, model.labels, options);
  });
  if (!o.output.empty()) {
    save_safetensors(o.output, {{"relevance", result.relevance}, {"logits", result.logits}});
  }
  const Json report = {{"median_ms", whole.median_ms()},     {"times_ms", whole.times_ms},
                       {"base_mib", whole.base_mib},         {"peak_mib", whole.peak_mib},
                       {"forward_ms", plain.median_ms()},    {"forward_times_ms", plain.times_ms},
                       {"forward_peak_mib", plain.peak_mib}, {"composite", rules},
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
  app.add_option("--repeat", o.repeat)->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--output", o.output, "writes the relevance as safetensors");
  app.add_flag("--recorded", o.recorded, "explanations are replayed from a recording, on a CUDA device");
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
