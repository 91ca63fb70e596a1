// The selective scan on the CPU at the sizes of Mamba-130M: E = 1536, N = 16, float32, all of PyTorch's
// threads. `decays` counts the exponentials of the recurrence; `ns_per_decay` is wall time over B * T * E *
// N.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_cpu.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>

#include <string>

namespace lrpp::mamba {
namespace {

constexpr int64_t kChannels = 1536, kStates = 16;

struct Inputs {
  explicit Inputs(int64_t tokens) {
    at::manual_seed(1);
    x = at::randn({1, tokens, kChannels});
    m = at::randn({1, tokens, kChannels});
    dt = at::softplus(at::randn({1, tokens, kChannels}) - 2);
    A = -at::arange(1, kStates + 1, at::kFloat).expand({kChannels, kStates}).contiguous();
    B = at::randn({1, tokens, kStates});
    C = at::randn({1, tokens, kStates});
    D = at::randn({kChannels});
  }
  at::Tensor x, m, dt, A, B, C, D;
};

template <class Call>
void measure(benchmark::State& state, Call call) {
  const auto isa = static_cast<cpu::Isa>(state.range(1));
  if (!cpu::isa_available(isa)) {
    state.SkipWithError("this processor does not have the instruction set");
    return;
  }
  cpu::force_isa(isa);
  const Inputs inputs(state.range(0));
  for (auto _ : state) call(inputs);
  const double decays = static_cast<double>(state.range(0) * kChannels * kStates);
  state.SetLabel(std::string(cpu::isa_name(isa)) + ", " + std::to_string(at::get_num_threads()) + " threads");
  state.counters["ns_per_decay"] = benchmark::Counter(
      decays * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.counters["decays"] = benchmark::Counter(decays, benchmark::Counter::kIsIterationInvariantRate);
  cpu::use_best_isa();
}

void forward(benchmark::State& state) {
  measure(state,
          [](const Inputs& k) { benchmark::DoNotOptimize(selective_scan(k.x, k.dt, k.A, k.B, k.C, k.D)); });
}

void relevance(benchmark::State& state) {
  measure(state, [](const Inputs& k) {
    benchmark::DoNotOptimize(selective_scan_relevance(k.m, k.dt, k.A, k.B, k.C, k.D));
  });
}

void vjp(benchmark::State& state) {
  measure(state, [](const Inputs& k) {
    benchmark::DoNotOptimize(selective_scan_vjp(k.m, k.x, k.dt, k.A, k.B, k.C, k.D));
  });
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"tokens", "isa"})->UseRealTime()->Unit(benchmark::kMillisecond);
  for (const cpu::Isa isa : {cpu::Isa::kBaseline, cpu::Isa::kAvx2, cpu::Isa::kAvx512}) {
    for (const int64_t tokens : {512, 2048, 8192}) bench->Args({tokens, static_cast<int64_t>(isa)});
  }
}

BENCHMARK(forward)->Apply(sizes);
BENCHMARK(relevance)->Apply(sizes);
BENCHMARK(vjp)->Apply(sizes);

}  // namespace
}  // namespace lrpp::mamba
BENCHMARK_MAIN();
