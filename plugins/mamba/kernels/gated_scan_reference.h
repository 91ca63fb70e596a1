#pragma once

#include <ATen/core/Tensor.h>

#include <tuple>

/// The gated scan as its steps, one ATen operation after another: softplus, selective_scan_reference, the
/// gate. Slow, correct on any device, and the oracle of the kernels. Shapes as in gated_scan_op.h; one dtype
/// for all tensors.
namespace lrpp::mamba {

/// (gated, y); differentiable by autograd.
std::tuple<at::Tensor, at::Tensor> gated_scan_reference(const at::Tensor& u, const at::Tensor& raw_dt,
                                                        const at::Tensor& A, const at::Tensor& B,
                                                        const at::Tensor& C, const at::Tensor& D,
                                                        const at::Tensor& z);

/// The multipliers of u and z.
std::tuple<at::Tensor, at::Tensor> gated_scan_relevance_reference(const at::Tensor& m,
                                                                  const at::Tensor& raw_dt,
                                                                  const at::Tensor& A, const at::Tensor& B,
                                                                  const at::Tensor& C, const at::Tensor& D,
                                                                  const at::Tensor& y, const at::Tensor& z);

}  // namespace lrpp::mamba
