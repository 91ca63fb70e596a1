#include <ATen/ATen.h>
#include <lrpp/plugins/mamba/kernels/arguments.h>
#include <lrpp/plugins/mamba/kernels/composed.h>
#include <lrpp/plugins/mamba/kernels/conv1d_reference.h>
#include <torch/library.h>

#include <algorithm>

namespace lrpp::mamba {
namespace {

using at::Tensor;

/// sum_k taps[k] * x shifted by `shift(k)` tokens: towards later tokens (forward) or earlier ones
/// (transpose).
Tensor convolve(const Tensor& taps, const Tensor& x, bool transposed) {
  const int64_t kernel = taps.size(0), tokens = x.size(1);
  Tensor y = x * taps[kernel - 1];
  for (int64_t shift = 1; shift < std::min(kernel, tokens); ++shift) {
    const Tensor& tap = taps[kernel - 1 - shift];
    const int64_t to = transposed ? 0 : shift, from = transposed ? shift : 0;
    y.narrow(1, to, tokens - shift).addcmul_(x.narrow(1, from, tokens - shift), tap);
  }
  return y;
}

}  // namespace

Tensor conv1d_reference(const Tensor& x, const Tensor& taps, const Tensor& bias, bool silu) {
  Tensor y = convolve(taps, x, false);
  if (bias.defined()) y = y + bias;
  return silu ? at::silu(y) : y;
}

Tensor conv1d_relevance_reference(const Tensor& m, const Tensor& taps) { return convolve(taps, m, true); }

Tensor conv1d_silu_relevance_reference(const Tensor& m, const Tensor& x, const Tensor& taps,
                                       const Tensor& bias) {
  return convolve(taps, m * at::sigmoid(conv1d_reference(x, taps, bias, false)), true);
}

Tensor conv1d_composed(const Tensor& x, const Tensor& taps, const std::optional<Tensor>& bias, bool silu) {
  const ConvInputs in("conv1d", "x", x, taps, bias, Data::converted);
  return conv1d_reference(in.lead, in.taps, in.bias, silu).to(in.sizes.dtype);
}

Tensor conv1d_relevance_composed(const Tensor& m, const Tensor& taps) {
  const ConvInputs in("conv1d_relevance", "m", m, taps, std::nullopt, Data::converted);
  return conv1d_relevance_reference(in.lead, in.taps).to(in.sizes.dtype);
}

void conv1d_silu_relevance_composed(const Tensor& m, const Tensor& x, const Tensor& taps,
                                    const std::optional<Tensor>& bias, const Tensor& out) {
  const ConvInputs in("conv1d_silu_relevance", "m", m, taps, bias, Data::converted);
  const Tensor data = in.sizes.data("x", x);
  in.sizes.require_output("out", out, {m, x});
  out.copy_(conv1d_silu_relevance_reference(in.lead, data, in.taps, in.bias));
}

}  // namespace lrpp::mamba

// For devices without a kernel of their own.
TORCH_LIBRARY_IMPL(lrpp, CompositeExplicitAutograd, library) {
  library.impl("conv1d", lrpp::mamba::conv1d_composed);
  library.impl("conv1d_relevance", lrpp::mamba::conv1d_relevance_composed);
  library.impl("conv1d_silu_relevance", lrpp::mamba::conv1d_silu_relevance_composed);
}
