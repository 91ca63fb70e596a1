#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <lrpp/plugins/mamba/kernels/arguments.h>
#include <lrpp/plugins/mamba/kernels/conv1d_op.h>
#include <lrpp/plugins/mamba/kernels/cpu/conv1d_cpu.h>
#include <lrpp/plugins/mamba/kernels/cpu_tensors.h>
#include <lrpp/plugins/mamba/kernels/find_op.h>
#include <torch/library.h>

#include <algorithm>
#include <memory>

namespace lrpp::mamba {
namespace {

using at::Tensor;

template <class Stored>
cpu::ConvProblem<Stored> problem(const ConvInputs& in, const Tensor& out) {
  using Scalar = typename cpu::ComputedIn<Stored>::Type;
  return {in.sizes.batch,
          in.sizes.tokens,
          in.sizes.channels,
          in.kernel,
          rows<Stored>(in.lead),
          rows<Stored>(in.lead),
          in.taps.const_data_ptr<Scalar>(),
          in.bias.defined() ? in.bias.const_data_ptr<Scalar>() : nullptr,
          writable_rows<Stored>(out),
          false};
}

/// Runs a kernel over all work items on PyTorch's threads.
template <class Stored, class Kernel>
void run(const cpu::ConvProblem<Stored>& p, Kernel kernel) {
  // A thread is worth waking for some ten microseconds of work.
  constexpr int64_t kLeastOutputs = 1 << 14;
  const int64_t outputs = std::min(p.tokens, cpu::kConvTokens) * std::min(p.channels, cpu::kConvChannels);
  at::parallel_for(0, cpu::conv_items(p), std::max<int64_t>(kLeastOutputs / outputs, 1), kernel);
}

Tensor conv1d_cpu(const Tensor& x, const Tensor& taps, const std::optional<Tensor>& bias, bool silu) {
  const ConvInputs in("conv1d", "x", x, taps, bias, Data::stored);
  const Tensor y = in.sizes.result(in.sizes.channels);
  with_stored(in.sizes.dtype, [&]<class Stored>(Stored) {
    auto p = problem<Stored>(in, y);
    p.silu = silu;
    run(p, [&](int64_t begin, int64_t end) { cpu::conv_forward(p, begin, end); });
  });
  return y;
}

Tensor relevance_cpu(const Tensor& m, const Tensor& taps) {
  const ConvInputs in("conv1d_relevance", "m", m, taps, std::nullopt, Data::stored);
  const Tensor out = in.sizes.result(in.sizes.channels);
  with_stored(in.sizes.dtype, [&]<class Stored>(Stored) {
    const auto p = problem<Stored>(in, out);
    run(p, [&](int64_t begin, int64_t end) { cpu::conv_relevance(p, begin, end); });
  });
  return out;
}

void silu_relevance_cpu(const Tensor& m, const Tensor& x_in, const Tensor& taps,
                        const std::optional<Tensor>& bias, const Tensor& out) {
  const ConvInputs in("conv1d_silu_relevance", "m", m, taps, bias, Data::stored);
  const Tensor x = in.sizes.data("x", x_in);
  in.sizes.require_output("out", out, {m, x_in});
  const Tensor written = in.sizes.writable(out);
  with_stored(in.sizes.dtype, [&]<class Stored>(Stored) {
    using Scalar = typename cpu::ComputedIn<Stored>::Type;
    auto p = problem<Stored>(in, written);
    p.x = rows<Stored>(x);
    run(p, [&](int64_t begin, int64_t end) {
      const auto workspace = std::make_unique_for_overwrite<Scalar[]>(cpu::conv_workspace(p));
      cpu::conv_silu_relevance(p, begin, end, workspace.get());
    });
  });
  Arguments::deliver(written, out);
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& taps, const std::optional<Tensor>& bias, bool silu) {
  static const auto op = find_op<decltype(conv1d)>("lrpp::conv1d");
  require_defined("conv1d", "x", x);
  return op.call(x, taps, bias, silu);
}

Tensor conv1d_relevance(const Tensor& m, const Tensor& taps) {
  static const auto op = find_op<decltype(conv1d_relevance)>("lrpp::conv1d_relevance");
  require_defined("conv1d_relevance", "m", m);
  return op.call(m, taps);
}

void conv1d_silu_relevance(const Tensor& m, const Tensor& x, const Tensor& taps,
                           const std::optional<Tensor>& bias, const Tensor& out) {
  static const auto op = find_op<decltype(conv1d_silu_relevance)>("lrpp::conv1d_silu_relevance");
  require_defined("conv1d_silu_relevance", "m", m);
  op.call(m, x, taps, bias, out);
}

}  // namespace lrpp::mamba

TORCH_LIBRARY_FRAGMENT(lrpp, library) {
  library.def("conv1d(Tensor x, Tensor taps, Tensor? bias, bool silu) -> Tensor");
  library.def("conv1d_relevance(Tensor m, Tensor taps) -> Tensor");
  library.def("conv1d_silu_relevance(Tensor m, Tensor x, Tensor taps, Tensor? bias, Tensor(a!) out) -> ()");
}

TORCH_LIBRARY_IMPL(lrpp, CPU, library) {
  library.impl("conv1d", lrpp::mamba::conv1d_cpu);
  library.impl("conv1d_relevance", lrpp::mamba::relevance_cpu);
  library.impl("conv1d_silu_relevance", lrpp::mamba::silu_relevance_cpu);
}
