#include <ATen/ATen.h>
#include <lrpp/plugins/mamba/kernels/find_op.h>
#include <lrpp/plugins/mamba/kernels/gated_scan_op.h>
#include <lrpp/plugins/mamba/kernels/scan_on_cpu.h>
#include <torch/library.h>

namespace lrpp::mamba {
namespace {

using at::Tensor;

std::tuple<Tensor, Tensor> gated_scan_cpu(const Tensor& u, const Tensor& raw_dt, const Tensor& A,
                                          const Tensor& B, const Tensor& C, const Tensor& D,
                                          const Tensor& z) {
  const ScanInputs in("gated_scan", "u", u, "raw_dt", raw_dt, A, B, C, D, Data::converted);
  const Tensor gate = in.sizes.data("z", z);
  const Tensor gated = in.sizes.result(in.sizes.channels), y = in.sizes.result(in.sizes.channels);
  with_scalar(in.sizes.compute, [&]<class Scalar>(Scalar) {
    auto p = problem<Scalar>(in, y);
    p.x = rows<Scalar>(in.lead);
    p.z = rows<Scalar>(gate);
    p.gated = gated.data_ptr<Scalar>();
    run(p, cpu::scan_workspace(p), cpu::gated_forward<Scalar>);
  });
  return {gated.to(in.sizes.dtype), y.to(in.sizes.dtype)};
}

Tensor relevance_cpu(const Tensor& m, const Tensor& raw_dt, const Tensor& A, const Tensor& B, const Tensor& C,
                     const Tensor& D, const Tensor& y_in, const Tensor& z_in, const Tensor& out_z) {
  const ScanInputs in("gated_scan_relevance", "m", m, "raw_dt", raw_dt, A, B, C, D, Data::converted);
  const Tensor y = in.sizes.data("y", y_in), z = in.sizes.data("z", z_in);
  in.sizes.require_output("out_z", out_z, {m, raw_dt, A, B, C, D, y_in, z_in});
  const Tensor du = in.sizes.result(in.sizes.channels), written = in.sizes.writable(out_z);
  with_scalar(in.sizes.compute, [&]<class Scalar>(Scalar) {
    auto p = problem<Scalar>(in, du);
    p.m = rows<Scalar>(in.lead);
    p.y = rows<Scalar>(y);
    p.z = rows<Scalar>(z);
    p.out_z = writable_rows<Scalar>(written);
    run(p, cpu::scan_workspace(p), cpu::gated_relevance<Scalar>);
  });
  Arguments::deliver(written, out_z);
  return du.to(in.sizes.dtype);
}

}  // namespace

std::tuple<Tensor, Tensor> gated_scan(const Tensor& u, const Tensor& raw_dt, const Tensor& A, const Tensor& B,
                                      const Tensor& C, const Tensor& D, const Tensor& z) {
  static const auto op = find_op<decltype(gated_scan)>("lrpp::gated_scan");
  require_defined("gated_scan", "u", u);
  return op.call(u, raw_dt, A, B, C, D, z);
}

Tensor gated_scan_relevance(const Tensor& m, const Tensor& raw_dt, const Tensor& A, const Tensor& B,
                            const Tensor& C, const Tensor& D, const Tensor& y, const Tensor& z,
                            const Tensor& out_z) {
  static const auto op = find_op<decltype(gated_scan_relevance)>("lrpp::gated_scan_relevance");
  require_defined("gated_scan_relevance", "m", m);
  return op.call(m, raw_dt, A, B, C, D, y, z, out_z);
}

}  // namespace lrpp::mamba

TORCH_LIBRARY_FRAGMENT(lrpp, library) {
  library.def(
      "gated_scan(Tensor u, Tensor raw_dt, Tensor A, Tensor B, Tensor C, Tensor D, Tensor z) -> "
      "(Tensor gated, Tensor y)");
  library.def(
      "gated_scan_relevance(Tensor m, Tensor raw_dt, Tensor A, Tensor B, Tensor C, Tensor D, Tensor y, "
      "Tensor z, Tensor(a!) out_z) -> Tensor");
}

TORCH_LIBRARY_IMPL(lrpp, CPU, library) {
  library.impl("gated_scan", lrpp::mamba::gated_scan_cpu);
  library.impl("gated_scan_relevance", lrpp::mamba::relevance_cpu);
}
