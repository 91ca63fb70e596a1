#pragma once

#include <lrpp/framework/tensor.h>

/// Mamba-2's recurrence in its chunked form (Dao and Gu, arXiv:2405.21060, section 6): products of matrices
/// within chunks of tokens, and a recurrence from chunk to chunk, so that time and memory are linear in the
/// number of tokens. Composed of ATen operations, for every device and under autograd.
///
/// Shapes: x, m [B, T, H*P]; dt [B, T, H], after softplus and limits; A [H], already -exp(A_log); B, C
/// [B, T, G*N]; D [H]. H/G successive heads share a group of B and C. float64 is computed in float64, all
/// else in float32; the result has the dtype of x or m. Wrong shapes throw UserError.
namespace lrpp::mamba {

/// y [B, T, H*P]: for each head h_t = exp(dt_t A) h_{t-1} + dt_t B_t x_t^T, y_t = h_t^T C_t + D x_t, with
/// states h [N, P].
Tensor ssd(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
           const Tensor& D, int64_t groups);

/// The multiplier of x from the multiplier m of y, with dt, A, B and C held: the transpose of x -> y.
Tensor ssd_relevance(const Tensor& m, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                     const Tensor& D, int64_t groups);

}  // namespace lrpp::mamba
