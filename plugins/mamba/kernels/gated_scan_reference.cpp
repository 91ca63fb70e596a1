#include <ATen/ATen.h>
#include <lrpp/plugins/mamba/kernels/arguments.h>
#include <lrpp/plugins/mamba/kernels/composed.h>
#include <lrpp/plugins/mamba/kernels/gated_scan_reference.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_reference.h>
#include <torch/library.h>

namespace lrpp::mamba {
std::tuple<Tensor, Tensor> gated_scan_reference(const Tensor& u, const Tensor& raw_dt, const Tensor& A,
                                                const Tensor& B, const Tensor& C, const Tensor& D,
                                                const Tensor& z) {
  const Tensor y = selective_scan_reference(u, at::softplus(raw_dt), A, B, C, D);
  return {y * at::silu(z), y};
}

std::tuple<Tensor, Tensor> gated_scan_relevance_reference(const Tensor& m, const Tensor& raw_dt,
                                                          const Tensor& A, const Tensor& B, const Tensor& C,
                                                          const Tensor& D, const Tensor& y, const Tensor& z) {
  const Tensor du = selective_scan_relevance_reference(m * at::silu(z) / 2, at::softplus(raw_dt), A, B, C, D);
  return {du, m * y * at::sigmoid(z) / 2};
}

std::tuple<Tensor, Tensor> gated_scan_composed(const Tensor& u, const Tensor& raw_dt, const Tensor& A,
                                               const Tensor& B, const Tensor& C, const Tensor& D,
                                               const Tensor& z) {
  const ScanInputs in("gated_scan", "u", u, "raw_dt", raw_dt, A, B, C, D, Data::converted);
  const auto [gated, y] = gated_scan_reference(in.lead, in.dt, in.a, in.b, in.c, in.d, in.sizes.data("z", z));
  return {gated.to(in.sizes.dtype), y.to(in.sizes.dtype)};
}

Tensor gated_scan_relevance_composed(const Tensor& m, const Tensor& raw_dt, const Tensor& A, const Tensor& B,
                                     const Tensor& C, const Tensor& D, const Tensor& y, const Tensor& z,
                                     const Tensor& out_z) {
  const ScanInputs in("gated_scan_relevance", "m", m, "raw_dt", raw_dt, A, B, C, D, Data::converted);
  const Tensor y_data = in.sizes.data("y", y), z_data = in.sizes.data("z", z);
  in.sizes.require_output("out_z", out_z, {m, raw_dt, A, B, C, D, y, z});
  const auto [du, dz] =
      gated_scan_relevance_reference(in.lead, in.dt, in.a, in.b, in.c, in.d, y_data, z_data);
  out_z.copy_(dz);
  return du.to(in.sizes.dtype);
}

}  // namespace lrpp::mamba

// For devices without a kernel of their own.
TORCH_LIBRARY_IMPL(lrpp, CompositeExplicitAutograd, library) {
  library.impl("gated_scan", lrpp::mamba::gated_scan_composed);
  library.impl("gated_scan_relevance", lrpp::mamba::gated_scan_relevance_composed);
}
