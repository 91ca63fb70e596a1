// Mamba's kernels on the CPU at the sizes of Mamba-130M: E = 1536, N = 16, K = 4, float32, all of PyTorch's
// threads. `bytes_per_second` counts each input and output once, `FLOP/s` the additions and multiplications
// of the kernel's source (a fused one is two; rounding, comparing and moving are none). The machine's peaks
// are measured in the same run: a copy of memory beyond all caches, and a large product of matrices.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <lrpp/framework/heap.h>
#include <lrpp/plugins/mamba/kernels/conv1d_op.h>
#include <lrpp/plugins/mamba/kernels/cpu/isa.h>
#include <lrpp/plugins/mamba/kernels/gated_scan_op.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>

#include <string>

namespace lrpp::mamba {
namespace {

constexpr int64_t kChannels = 1536, kStates = 16, kTaps = 4;

// 2^y: 16 = 3 to split y, 12 for the polynomial, 1 for the scale. e^x: 6 more, a product and the two-part
// remainder. Sigmoid: e^x, a sum, a quotient. Softplus: e^x and 16 for the logarithm.
constexpr double kExp2 = 16, kExp = kExp2 + 6, kSigmoid = kExp + 2, kSoftplus = kExp + 16;
/// A state's step: the decay's argument, 2^y, decay and input, and its part of the output.
constexpr double kState = 1 + kExp2 + 3 + 2;
/// The gradient computes each decay and state twice, the first time for checkpoints.
constexpr double kStateVjp = 2 * (1 + kExp2 + 3) + 12;

struct Inputs {
  explicit Inputs(int64_t tokens) {
    at::manual_seed(1);
    for (at::Tensor* tensor : {&x, &m, &y, &z}) *tensor = at::randn({1, tokens, kChannels});
    raw_dt = at::randn({1, tokens, kChannels}) - 2;
    dt = at::softplus(raw_dt);
    out = at::empty_like(x);
    A = -at::arange(1, kStates + 1, at::kFloat).expand({kChannels, kStates}).contiguous();
    B = at::randn({1, tokens, kStates});
    C = at::randn({1, tokens, kStates});
    D = at::randn({kChannels});
    taps = at::randn({kTaps, kChannels});
    bias = at::randn({kChannels});
  }
  at::Tensor x, m, y, z, raw_dt, dt, out, A, B, C, D, taps, bias;
};

/// What a kernel does for each token and channel.
struct Cost {
  double tensors;  ///< [B, T, E] tensors read or written
  double flop;
};

void count(benchmark::State& state, double bytes, double flop) {
  state.SetBytesProcessed(static_cast<int64_t>(bytes) * static_cast<int64_t>(state.iterations()));
  if (flop == 0) return;
  state.counters["FLOP/s"] = benchmark::Counter(flop, benchmark::Counter::kIsIterationInvariantRate);
}

template <class Call>
void measure(benchmark::State& state, const Cost& cost, Call call) {
  const auto isa = static_cast<cpu::Isa>(state.range(1));
  if (!cpu::isa_available(isa)) {
    state.SkipWithError("this processor does not have the instruction set");
    return;
  }
  cpu::force_isa(isa);
  const Inputs inputs(state.range(0));
  for (auto _ : state) call(inputs);
  state.SetLabel(std::string(cpu::isa_name(isa)) + ", " + std::to_string(at::get_num_threads()) + " threads");
  const auto elements = static_cast<double>(state.range(0) * kChannels);
  count(state, sizeof(float) * cost.tensors * elements, cost.flop * elements);
  cpu::use_best_isa();
}

using benchmark::DoNotOptimize;

void scan_forward(benchmark::State& state) {
  measure(state, {3, kStates * kState + 3},
          [](const Inputs& k) { DoNotOptimize(selective_scan(k.x, k.dt, k.A, k.B, k.C, k.D)); });
}

void scan_relevance(benchmark::State& state) {
  measure(state, {3, kStates * kState + 3},
          [](const Inputs& k) { DoNotOptimize(selective_scan_relevance(k.m, k.dt, k.A, k.B, k.C, k.D)); });
}

void scan_vjp(benchmark::State& state) {
  measure(state, {5, kStates * kStateVjp},
          [](const Inputs& k) { DoNotOptimize(selective_scan_vjp(k.m, k.x, k.dt, k.A, k.B, k.C, k.D)); });
}

void gated_forward(benchmark::State& state) {
  measure(state, {5, kStates * kState + 3 + kSoftplus + kSigmoid + 2},
          [](const Inputs& k) { DoNotOptimize(gated_scan(k.x, k.raw_dt, k.A, k.B, k.C, k.D, k.z)); });
}

void gated_relevance(benchmark::State& state) {
  measure(state, {6, kStates * kState + 3 + kSoftplus + kSigmoid + 4}, [](const Inputs& k) {
    DoNotOptimize(gated_scan_relevance(k.m, k.raw_dt, k.A, k.B, k.C, k.D, k.y, k.z, k.out));
  });
}

void conv_forward(benchmark::State& state) {
  measure(state, {2, 2 * kTaps + kSigmoid + 1},
          [](const Inputs& k) { DoNotOptimize(conv1d(k.x, k.taps, k.bias, /*silu=*/true)); });
}

void conv_relevance(benchmark::State& state) {
  measure(state, {2, 2 * kTaps}, [](const Inputs& k) { DoNotOptimize(conv1d_relevance(k.m, k.taps)); });
}

void conv_silu_relevance(benchmark::State& state) {
  measure(state, {3, 4 * kTaps + kSigmoid + 1},
          [](const Inputs& k) { conv1d_silu_relevance(k.m, k.x, k.taps, k.bias, k.out); });
}

void peak_memory_copy(benchmark::State& state) {
  const at::Tensor from = at::ones({state.range(0) << 18}), to = at::zeros_like(from);
  for (auto _ : state) to.copy_(from);
  count(state, 2.0 * static_cast<double>(from.nbytes()), 0);
}

void peak_matrix_product(benchmark::State& state) {
  const int64_t size = state.range(0);
  const at::Tensor a = at::ones({size, size}), b = at::ones({size, size});
  at::Tensor out = at::empty({size, size});
  for (auto _ : state) at::mm_out(out, a, b);
  const auto cubed = static_cast<double>(size) * static_cast<double>(size) * static_cast<double>(size);
  count(state, 3.0 * static_cast<double>(a.nbytes()), 2 * cubed);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"tokens", "isa"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (const cpu::Isa isa : {cpu::Isa::kBaseline, cpu::Isa::kAvx2, cpu::Isa::kAvx512}) {
    for (const int64_t tokens : {512, 2048, 8192}) bench->Args({tokens, static_cast<int64_t>(isa)});
  }
}

BENCHMARK(peak_memory_copy)->ArgName("MiB")->Arg(512)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(peak_matrix_product)->ArgName("size")->Arg(2048)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(scan_forward)->Apply(sizes);
BENCHMARK(scan_relevance)->Apply(sizes);
BENCHMARK(scan_vjp)->Apply(sizes);
BENCHMARK(gated_forward)->Name("gated_scan_forward")->Apply(sizes);
BENCHMARK(gated_relevance)->Name("gated_scan_relevance")->Apply(sizes);
BENCHMARK(conv_forward)->Name("conv1d_silu_forward")->Apply(sizes);
BENCHMARK(conv_relevance)->Name("conv1d_relevance")->Apply(sizes);
BENCHMARK(conv_silu_relevance)->Name("conv1d_silu_relevance")->Apply(sizes);

}  // namespace
}  // namespace lrpp::mamba

int main(int argc, char** argv) {
  lrpp::keep_freed_memory();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
