#pragma once

#include <ATen/core/Tensor.h>

#include <tuple>

/// The inner part of a Mamba mixer in one pass, as operations of PyTorch's dispatcher: `lrpp::gated_scan` and
/// `lrpp::gated_scan_relevance`. Softplus of the time steps, the selective scan with its skip D, and the
/// gate.
///
/// Shapes: u, raw_dt, z, m, y [B, T, E]; B, C [B, T, N]; A [E, N], already -exp(A_log); D [E]; raw_dt before
/// softplus. Dtypes, strides and errors as in selective_scan_op.h.
namespace lrpp::mamba {

/// (gated, y), both [B, T, E]: y = selective_scan(u, softplus(raw_dt), A, B, C, D) and gated = y silu(z).
std::tuple<at::Tensor, at::Tensor> gated_scan(const at::Tensor& u, const at::Tensor& raw_dt,
                                              const at::Tensor& A, const at::Tensor& B, const at::Tensor& C,
                                              const at::Tensor& D, const at::Tensor& z);

/// Relevance back through it by the rules of MambaLRP (arXiv:2406.07592), from the multiplier m of `gated`:
/// the gate's two branches get half each, m_y = m silu(z) / 2 and m_z = m y sigmoid(z) / 2 (SiLU's factor
/// held), and m_y goes back through the scan with its parameters held. Writes m_z to `out_z` [B, T, E] and
/// returns the multiplier of u. `out_z` must not share memory with the inputs.
at::Tensor gated_scan_relevance(const at::Tensor& m, const at::Tensor& raw_dt, const at::Tensor& A,
                                const at::Tensor& B, const at::Tensor& C, const at::Tensor& D,
                                const at::Tensor& y, const at::Tensor& z, const at::Tensor& out_z);

}  // namespace lrpp::mamba
