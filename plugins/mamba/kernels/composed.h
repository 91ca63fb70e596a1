#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <tuple>

/// The operations of this folder composed of ATen operations: what devices run that have no kernel of their
/// own, and kernels where a dtype or size is not theirs. Arguments are checked; semantics as in the `*_op.h`
/// headers.
namespace lrpp::mamba {

using at::Tensor;

Tensor conv1d_composed(const Tensor& x, const Tensor& taps, const std::optional<Tensor>& bias, bool silu);
Tensor conv1d_relevance_composed(const Tensor& m, const Tensor& taps);
void conv1d_silu_relevance_composed(const Tensor& m, const Tensor& x, const Tensor& taps,
                                    const std::optional<Tensor>& bias, const Tensor& out);

Tensor scan_composed(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                     const Tensor& D);
Tensor scan_relevance_composed(const Tensor& m, const Tensor& dt, const Tensor& A, const Tensor& B,
                               const Tensor& C, const Tensor& D);
std::tuple<Tensor, Tensor, Tensor, Tensor> scan_vjp_composed(const Tensor& m, const Tensor& x,
                                                             const Tensor& dt, const Tensor& A,
                                                             const Tensor& B, const Tensor& C,
                                                             const Tensor& D);

std::tuple<Tensor, Tensor> gated_scan_composed(const Tensor& u, const Tensor& raw_dt, const Tensor& A,
                                               const Tensor& B, const Tensor& C, const Tensor& D,
                                               const Tensor& z);
Tensor gated_scan_relevance_composed(const Tensor& m, const Tensor& raw_dt, const Tensor& A, const Tensor& B,
                                     const Tensor& C, const Tensor& D, const Tensor& y, const Tensor& z,
                                     const Tensor& out_z);

std::tuple<Tensor, Tensor, Tensor> add_rms_norm_composed(const Tensor& x,
                                                         const std::optional<Tensor>& residual,
                                                         const Tensor& weight, double eps);
std::tuple<Tensor, Tensor> add_rms_norm_relevance_composed(const std::optional<Tensor>& m_sum,
                                                           const Tensor& m_normed, const Tensor& rstd,
                                                           const Tensor& weight, at::ScalarType wide,
                                                           at::ScalarType narrow);

}  // namespace lrpp::mamba
