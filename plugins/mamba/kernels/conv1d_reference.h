#pragma once

#include <ATen/core/Tensor.h>

/// The convolution as a sum over its taps, one ATen operation after another. Slow, correct on any device,
/// differentiable by autograd, and the oracle of the kernels. Shapes as in conv1d_op.h; one dtype for all
/// tensors, the one it is computed in; `bias` may be undefined.
namespace lrpp::mamba {

at::Tensor conv1d_reference(const at::Tensor& x, const at::Tensor& taps, const at::Tensor& bias, bool silu);

at::Tensor conv1d_relevance_reference(const at::Tensor& m, const at::Tensor& taps);

at::Tensor conv1d_silu_relevance_reference(const at::Tensor& m, const at::Tensor& x, const at::Tensor& taps,
                                           const at::Tensor& bias);

}  // namespace lrpp::mamba
