// Mamba's kernels on a GPU, in float32 and bfloat16, at the sizes of mamba-130m and mamba-2.8b: N = 16, K
// = 4. `bytes_per_second` counts each input and output once; `FLOP/s` the additions and multiplications of
// the kernel's source, a fused one as two; `special/s` its exponentials, logarithms and reciprocals, of which
// a multiprocessor of an H100 or H200 makes 16 in a clock. The device's peaks are measured in the same run.
// A time is the mean of twenty calls in a row, so that launches overlap.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <c10/core/GradMode.h>
#include <lrpp/framework/bench/machine.h>
#include <lrpp/framework/bench/timing.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/kernels/conv1d_op.h>
#include <lrpp/plugins/mamba/kernels/gated_scan_op.h>
#include <lrpp/plugins/mamba/kernels/rms_norm_op.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>
#include <torch/cuda.h>

#include <CLI/CLI.hpp>
#include <functional>

namespace lrpp::mamba {
namespace {

constexpr int64_t kStates = 16, kTaps = 4;
constexpr int kCalls = 20;

struct Sizes {
  int64_t tokens, batch, channels;
};

struct Inputs {
  Inputs(const Sizes& sizes, at::ScalarType dtype, const at::Device& device) {
    at::manual_seed(1);
    const auto [t, b, e] = sizes;
    const auto data = [&](int64_t width) {
      return at::randn({b, t, width}, at::TensorOptions(at::kFloat).device(device)).to(dtype);
    };
    x = data(e), m = data(e), y = data(e), out = data(e), raw_dt = data(e) - 2;
    both = data(2 * e);
    z = both.narrow(-1, e, e);
    dt = at::softplus(raw_dt);
    B = data(kStates), C = data(kStates);
    const auto weights = at::TensorOptions(at::kFloat).device(device);
    A = -at::arange(1, kStates + 1, weights).expand({e, kStates}).contiguous();
    D = at::randn({e}, weights), bias = at::randn({e}, weights), taps = at::randn({kTaps, e}, weights);
    // The stream is half as wide as the mixer, and stays in float32.
    narrow = data(e / 2), stream = data(e / 2).to(at::kFloat);
    weight = at::ones({e / 2}, weights).to(dtype), rstd = at::ones({b, t, 1}, weights);
  }
  at::Tensor x, m, y, z, out, both, raw_dt, dt, A, B, C, D, taps, bias, narrow, stream, weight, rstd;
};

/// What a kernel does for each token and channel.
struct Cost {
  double tensors;  ///< [B, T, E] tensors read or written, of the data's dtype
  double flop, special;
  double floats = 0;  ///< ... and such of float32 beside them
  double shared = 0;  ///< tensors of the data's dtype that are not there where that is float32
};

struct Kernel {
  const char* name;
  Cost cost;
  std::function<void(const Inputs&)> call;
};

/// All states' step: the decay's argument, decay and input, and its part of the output.
constexpr double kStep = kStates * (1 + 3 + 2);
/// Softplus takes two special functions and its series; a sigmoid two.
constexpr double kSoftplus = 16, kSigmoid = 2;

const std::vector<Kernel> kernels{
    {"selective_scan",
     {3, kStep + 3, kStates},
     [](const Inputs& k) { selective_scan(k.x, k.dt, k.A, k.B, k.C, k.D); }},
    {"selective_scan_relevance",
     {3, kStep + 3, kStates},
     [](const Inputs& k) { selective_scan_relevance(k.m, k.dt, k.A, k.B, k.C, k.D); }},
    {"selective_scan_vjp",
     {5, kStep + kStates*(4 + 12), 3 * kStates},
     [](const Inputs& k) { selective_scan_vjp(k.m, k.x, k.dt, k.A, k.B, k.C, k.D); }},
    {"gated_scan",
     {5, kStep + 3 + kSoftplus + kSigmoid + 2, kStates + 4},
     [](const Inputs& k) { gated_scan(k.x, k.raw_dt, k.A, k.B, k.C, k.D, k.z); }},
    {"gated_scan_relevance",
     {6, kStep + 3 + kSoftplus + kSigmoid + 4, kStates + 4},
     [](const Inputs& k) { gated_scan_relevance(k.m, k.raw_dt, k.A, k.B, k.C, k.D, k.y, k.z, k.out); }},
    {"conv1d_silu",
     {2, 2 * kTaps + kSigmoid + 1, 2},
     [](const Inputs& k) { conv1d(k.x, k.taps, k.bias, /*silu=*/true); }},
    {"conv1d_silu_relevance",
     {3, 4 * kTaps + kSigmoid + 1, 2},
     [](const Inputs& k) { conv1d_silu_relevance(k.m, k.x, k.taps, k.bias, k.out); }},
    {"add_rms_norm",
     {1, 2.5, 0, 1},
     [](const Inputs& k) { add_rms_norm(k.narrow, k.stream, k.weight, 1e-5); }},
    {"add_rms_norm_relevance", {1, 1.5, 0, 1, 0.5}, [](const Inputs& k) {
       add_rms_norm_relevance(k.stream, k.narrow, k.rstd, k.weight, at::kFloat, k.narrow.scalar_type());
     }}};

void measure(benchmark::State& state, const Kernel& kernel, const Sizes& sizes, at::ScalarType dtype,
             const at::Device& device) {
  const Inputs inputs(sizes, dtype, device);
  const auto calls = [&] {
    for (int i = 0; i < kCalls; ++i) kernel.call(inputs);
  };
  milliseconds(device, calls);
  for (auto _ : state) state.SetIterationTime(milliseconds(device, calls) / 1e3 / kCalls);
  const auto elements = static_cast<double>(sizes.tokens * sizes.batch * sizes.channels);
  const double tensors = kernel.cost.tensors - (dtype == at::kFloat ? kernel.cost.shared : 0);
  const double bytes =
      elements * (tensors * static_cast<double>(c10::elementSize(dtype)) + 4 * kernel.cost.floats);
  state.SetBytesProcessed(static_cast<int64_t>(bytes) * static_cast<int64_t>(state.iterations()));
  const auto rate = [&](double per_element) {
    return benchmark::Counter(per_element * elements, benchmark::Counter::kIsIterationInvariantRate);
  };
  state.counters["FLOP/s"] = rate(kernel.cost.flop);
  if (kernel.cost.special > 0) state.counters["special/s"] = rate(kernel.cost.special);
}

void register_all(const at::Device& device) {
  for (const Kernel& kernel : kernels) {
    for (const Sizes& sizes : {Sizes{512, 1, 1536}, Sizes{2048, 8, 1536}, Sizes{8192, 1, 5120}}) {
      for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
        const std::string name = fmt::format("{}/{}x{}x{}/{}", kernel.name, sizes.tokens, sizes.batch,
                                             sizes.channels, dtype_name(dtype));
        const auto run = [=](benchmark::State& state) { measure(state, kernel, sizes, dtype, device); };
        benchmark::RegisterBenchmark(name.c_str(), run)->UseManualTime()->Unit(benchmark::kMicrosecond);
      }
    }
  }
}

void print_peaks(const at::Device& device) {
  for (const at::ScalarType dtype : {at::kFloat, at::kBFloat16}) {
    const Peaks peaks = measure_peaks(dtype, device);
    fmt::print("{}: products {:.1f} TFLOP/s, memory {:.2f} TB/s\n", dtype_name(dtype),
               peaks.gflop_per_s / 1e3, peaks.gbyte_per_s / 1e3);
  }
}

}  // namespace
}  // namespace lrpp::mamba

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  CLI::App app{
      "Times Mamba's kernels on a GPU. Takes Google Benchmark's options too, as --benchmark_filter."};
  std::string device = "cuda";
  app.add_option("--device", device, "cuda or cuda:N; on cpu the kernels are the CPU's")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (device == "cuda" && !torch::cuda::is_available()) {
    fmt::print("bench_kernels_cuda: this machine has no CUDA device; nothing was measured\n");
    return 0;
  }
  try {
    const at::Device where = lrpp::device_from_name(device);
    const c10::NoGradGuard no_grad;
    lrpp::mamba::print_peaks(where);
    lrpp::mamba::register_all(where);
    benchmark::RunSpecifiedBenchmarks();
  } catch (const lrpp::UserError& error) {
    fmt::print(stderr, "bench_kernels_cuda: {}\n", error.what());
    return 2;
  }
  return 0;
}
