#pragma once

#include <ATen/core/Tensor.h>

#include <tuple>

/// The selective scan of Mamba as operations of PyTorch's dispatcher: `lrpp::selective_scan`,
/// `lrpp::selective_scan_relevance` and `lrpp::selective_scan_vjp`. These functions go through the
/// dispatcher.
///
/// Shapes: x, dt, m [B, T, E]; B, C [B, T, N]; A [E, N], already -exp(A_log); D [E]; dt after softplus. T, E,
/// N >= 1. x, dt, m, B and C share a dtype (float32, float64 or bfloat16) and the results have it; A and D
/// may be of any of the three. float64 is computed in float64, the others in float32. Column slices of a
/// wider matrix are read in place. On the CPU the results are bit-identical for any number of threads. Not
/// recorded by autograd: the gradient is selective_scan_vjp. Wrong shapes, dtypes or devices throw UserError.
namespace lrpp::mamba {

/// y [B, T, E]: h_t = exp(dt_t A) h_{t-1} + dt_t B_t x_t; y_t = sum_n C_t h_t + D x_t (arXiv:2312.00752,
/// equation 2).
at::Tensor selective_scan(const at::Tensor& x, const at::Tensor& dt, const at::Tensor& A, const at::Tensor& B,
                          const at::Tensor& C, const at::Tensor& D);

/// The multiplier of x, [B, T, E], from the multiplier m of y, while dt, A, B and C are held
/// (arXiv:2406.07592): the transpose of the linear map x -> y. It conserves: sum(y * m) = sum(x * result).
at::Tensor selective_scan_relevance(const at::Tensor& m, const at::Tensor& dt, const at::Tensor& A,
                                    const at::Tensor& B, const at::Tensor& C, const at::Tensor& D);

/// The gradient of sum(m * y) by x and dt [B, T, E], and by B and C [B, T, N]. A and D are weights and get
/// none.
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> selective_scan_vjp(
    const at::Tensor& m, const at::Tensor& x, const at::Tensor& dt, const at::Tensor& A, const at::Tensor& B,
    const at::Tensor& C, const at::Tensor& D);

}  // namespace lrpp::mamba
