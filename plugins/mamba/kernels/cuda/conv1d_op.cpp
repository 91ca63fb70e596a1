#include <lrpp/plugins/mamba/kernels/arguments.h>
#include <lrpp/plugins/mamba/kernels/composed.h>
#include <lrpp/plugins/mamba/kernels/cuda/conv1d.h>
#include <lrpp/plugins/mamba/kernels/cuda/tensors.h>
#include <torch/library.h>

namespace lrpp::mamba::cuda {
namespace {

bool is_ours(const Tensor& lead, const Tensor& taps) {
  return has_kernels_for(lead) && taps.defined() && taps.dim() == 2 && has_convolution(taps.size(0));
}

/// x or m may be undefined.
void run(const char* where, const ConvInputs& in, const Tensor& x, const Tensor& m, bool silu,
         const Tensor& out) {
  if (in.sizes.batch == 0) return;
  const Launch launch(in.lead);
  with_type(in.sizes.dtype, [&]<class T>(T) {
    Convolution<T> convolution{};
    convolution.batch = in.sizes.batch, convolution.tokens = in.sizes.tokens;
    convolution.channels = in.sizes.channels, convolution.kernel = in.kernel;
    if (x.defined()) convolution.x = rows<const T>(x);
    if (m.defined()) convolution.m = rows<const T>(m);
    convolution.taps = in.taps.template const_data_ptr<float>();
    convolution.bias = in.bias.defined() ? in.bias.template const_data_ptr<float>() : nullptr;
    convolution.silu = silu;
    convolution.out = rows<T>(out);
    check_launch(where, m.defined() ? conv1d_relevance(convolution, launch.multiprocessors, launch.stream)
                                    : conv1d_forward(convolution, launch.multiprocessors, launch.stream));
  });
}

Tensor forward(const Tensor& x, const Tensor& taps, const std::optional<Tensor>& bias, bool silu) {
  if (!is_ours(x, taps)) return conv1d_composed(x, taps, bias, silu);
  const ConvInputs in("conv1d", "x", x, taps, bias, Data::stored);
  const Tensor y = in.sizes.result(in.sizes.channels);
  run("conv1d", in, in.lead, {}, silu, y);
  return y;
}

Tensor relevance(const Tensor& m, const Tensor& taps) {
  if (!is_ours(m, taps)) return conv1d_relevance_composed(m, taps);
  const ConvInputs in("conv1d_relevance", "m", m, taps, std::nullopt, Data::stored);
  const Tensor out = in.sizes.result(in.sizes.channels);
  run("conv1d_relevance", in, {}, in.lead, false, out);
  return out;
}

void silu_relevance(const Tensor& m, const Tensor& x, const Tensor& taps, const std::optional<Tensor>& bias,
                    const Tensor& out) {
  if (!is_ours(m, taps)) return conv1d_silu_relevance_composed(m, x, taps, bias, out);
  const ConvInputs in("conv1d_silu_relevance", "m", m, taps, bias, Data::stored);
  const Tensor data = in.sizes.data("x", x);
  in.sizes.require_output("out", out, {m, x});
  const Tensor written = in.sizes.writable(out);
  run("conv1d_silu_relevance", in, data, in.lead, true, written);
  Arguments::deliver(written, out);
}

}  // namespace
}  // namespace lrpp::mamba::cuda

TORCH_LIBRARY_IMPL(lrpp, CUDA, library) {
  library.impl("conv1d", lrpp::mamba::cuda::forward);
  library.impl("conv1d_relevance", lrpp::mamba::cuda::relevance);
  library.impl("conv1d_silu_relevance", lrpp::mamba::cuda::silu_relevance);
}
