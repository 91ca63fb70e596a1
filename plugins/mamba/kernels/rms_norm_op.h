#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <tuple>

/// RMSNorm of a residual stream, the addition before it included, as operations of PyTorch's dispatcher:
/// `lrpp::add_rms_norm` and `lrpp::add_rms_norm_relevance`. These functions go through the dispatcher.
///
/// Shapes: x, residual, m [..., D]; weight [D]; rstd [..., 1]. float32, float64 or bfloat16 each; float64
/// among them is computed in float64, everything else in float32. Wrong shapes, dtypes or devices throw
/// UserError.
namespace lrpp::mamba {

/// (sum, normed, rstd): sum = residual + x in the wider of their dtypes (x itself without a residual), rstd =
/// 1 / sqrt(mean(sum^2) + eps) in the dtype of the computation, and normed = sum rstd weight in the weight's
/// dtype (Zhang and Sennrich, arXiv:1910.07467).
std::tuple<at::Tensor, at::Tensor, at::Tensor> add_rms_norm(const at::Tensor& x,
                                                            const std::optional<at::Tensor>& residual,
                                                            const at::Tensor& weight, double eps);

/// (m_residual, m_x), the multipliers of both addends, from those of `sum` (or none) and of `normed`, with
/// rstd held (MambaLRP, arXiv:2406.07592, the rule for norms): m_sum + m_normed rstd weight, once in `wide`
/// and once in `narrow`, which are one tensor where the dtypes are equal.
std::tuple<at::Tensor, at::Tensor> add_rms_norm_relevance(const std::optional<at::Tensor>& m_sum,
                                                          const at::Tensor& m_normed, const at::Tensor& rstd,
                                                          const at::Tensor& weight, at::ScalarType wide,
                                                          at::ScalarType narrow);

}  // namespace lrpp::mamba
