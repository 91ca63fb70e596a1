#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

/// The causal depthwise convolution of Mamba, with its SiLU, as operations of PyTorch's dispatcher:
/// `lrpp::conv1d`, `lrpp::conv1d_relevance` and `lrpp::conv1d_silu_relevance`. These functions go through the
/// dispatcher.
///
/// Shapes: x, m [B, T, E]; taps [K, E], the transposed weight of checkpoints; bias [E] or none; K, T, E >= 1.
/// x and m share a dtype (float32, float64 or bfloat16) and results have it; taps and bias may be of any of
/// the three. float64 is computed in float64, the others in float32, and rounded once. Column slices of a
/// wider matrix are read, and written as `out`, in place. Not recorded by autograd. Wrong shapes, dtypes or
/// devices throw UserError.
namespace lrpp::mamba {

/// y [B, T, E]: y_t[e] = f(b[e] + sum_k taps[k,e] x_{t-K+1+k}[e]), with zeros before the first token; f is
/// SiLU or the identity.
at::Tensor conv1d(const at::Tensor& x, const at::Tensor& taps, const std::optional<at::Tensor>& bias,
                  bool silu);

/// The multiplier of x [B, T, E] from the multiplier m of the convolution's output: its transpose (LRP-0).
at::Tensor conv1d_relevance(const at::Tensor& m, const at::Tensor& taps);

/// As conv1d_relevance for the multiplier m of SiLU's output, whose factor sigmoid(b + W x) is held
/// (MambaLRP, arXiv:2406.07592, the rule for SiLU layers): out = W^T (m sigmoid(b + W x)). Writes to `out`
/// [B, T, E], which must not share memory with m or x.
void conv1d_silu_relevance(const at::Tensor& m, const at::Tensor& x, const at::Tensor& taps,
                           const std::optional<at::Tensor>& bias, const at::Tensor& out);

}  // namespace lrpp::mamba
