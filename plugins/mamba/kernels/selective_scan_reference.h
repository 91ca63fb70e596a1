#pragma once

#include <ATen/core/Tensor.h>

#include <tuple>

/// The selective scan as the papers write it: one ATen operation after another, token by token. Slow, correct
/// on any device, and the oracle of the kernels. Shapes as in selective_scan_op.h; one dtype for all tensors.
namespace lrpp::mamba {

/// Equation 2 of arXiv:2312.00752; differentiable by autograd.
at::Tensor selective_scan_reference(const at::Tensor& x, const at::Tensor& dt, const at::Tensor& A,
                                    const at::Tensor& B, const at::Tensor& C, const at::Tensor& D);

/// The reverse recurrence g_t = C_t m_t + exp(dt_{t+1} A) g_{t+1}; dx_t = dt_t sum_n B_t g_t + D m_t.
at::Tensor selective_scan_relevance_reference(const at::Tensor& m, const at::Tensor& dt, const at::Tensor& A,
                                              const at::Tensor& B, const at::Tensor& C, const at::Tensor& D);

/// (dx, ddt, dB, dC) by the same recurrence; keeps every state, [T, B, E, N].
std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> selective_scan_vjp_reference(
    const at::Tensor& m, const at::Tensor& x, const at::Tensor& dt, const at::Tensor& A, const at::Tensor& B,
    const at::Tensor& C, const at::Tensor& D);

}  // namespace lrpp::mamba
