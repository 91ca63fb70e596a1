#include <ATen/ATen.h>
#include <lrpp/plugins/mamba/kernels/arguments.h>
#include <lrpp/plugins/mamba/kernels/find_op.h>
#include <lrpp/plugins/mamba/kernels/scan_on_cpu.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_reference.h>
#include <torch/library.h>

namespace lrpp::mamba {
namespace {

using at::Tensor;
using Vjp = std::tuple<Tensor, Tensor, Tensor, Tensor>;

Tensor scan_cpu(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                const Tensor& D) {
  const ScanInputs in("selective_scan", "x", x, "dt", dt, A, B, C, D, Data::converted);
  const Tensor y = in.sizes.result(in.sizes.channels);
  with_scalar(in.sizes.compute, [&]<class Scalar>(Scalar) {
    auto p = problem<Scalar>(in, y);
    p.x = rows<Scalar>(in.lead);
    run(p, cpu::scan_workspace(p), cpu::forward<Scalar>);
  });
  return y.to(in.sizes.dtype);
}

Tensor relevance_cpu(const Tensor& m, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                     const Tensor& D) {
  const ScanInputs in("selective_scan_relevance", "m", m, "dt", dt, A, B, C, D, Data::converted);
  const Tensor dx = in.sizes.result(in.sizes.channels);
  with_scalar(in.sizes.compute, [&]<class Scalar>(Scalar) {
    auto p = problem<Scalar>(in, dx);
    p.m = rows<Scalar>(in.lead);
    run(p, cpu::scan_workspace(p), cpu::relevance<Scalar>);
  });
  return dx.to(in.sizes.dtype);
}

Vjp vjp_cpu(const Tensor& m, const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B,
            const Tensor& C, const Tensor& D) {
  const ScanInputs in("selective_scan_vjp", "m", m, "dt", dt, A, B, C, D, Data::converted);
  const Tensor input = in.sizes.data("x", x);
  const Tensor dx = in.sizes.result(in.sizes.channels), ddt = in.sizes.result(in.sizes.channels);
  const Tensor db = in.sizes.result(in.states), dc = in.sizes.result(in.states);
  with_scalar(in.sizes.compute, [&]<class Scalar>(Scalar) {
    auto p = problem<Scalar>(in, dx);
    p.m = rows<Scalar>(in.lead);
    p.x = rows<Scalar>(input);
    p.ddt = ddt.data_ptr<Scalar>();
    const Tensor partial = at::empty({cpu::work_items(p), p.tokens, 2, p.states}, dx.options());
    p.partial = partial.data_ptr<Scalar>();
    run(p, cpu::vjp_workspace(p), cpu::vjp<Scalar>);
    at::parallel_for(0, p.batch * p.tokens, 256, [&](int64_t begin, int64_t end) {
      cpu::reduce_partial(p, begin, end, db.data_ptr<Scalar>(), dc.data_ptr<Scalar>());
    });
  });
  const at::ScalarType dtype = in.sizes.dtype;
  return {dx.to(dtype), ddt.to(dtype), db.to(dtype), dc.to(dtype)};
}

}  // namespace

Tensor selective_scan(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                      const Tensor& D) {
  static const auto op = find_op<decltype(selective_scan)>("lrpp::selective_scan");
  require_defined("selective_scan", "x", x);
  return op.call(x, dt, A, B, C, D);
}

Tensor selective_scan_relevance(const Tensor& m, const Tensor& dt, const Tensor& A, const Tensor& B,
                                const Tensor& C, const Tensor& D) {
  static const auto op = find_op<decltype(selective_scan_relevance)>("lrpp::selective_scan_relevance");
  require_defined("selective_scan_relevance", "m", m);
  return op.call(m, dt, A, B, C, D);
}

Vjp selective_scan_vjp(const Tensor& m, const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B,
                       const Tensor& C, const Tensor& D) {
  static const auto op = find_op<decltype(selective_scan_vjp)>("lrpp::selective_scan_vjp");
  require_defined("selective_scan_vjp", "m", m);
  return op.call(m, x, dt, A, B, C, D);
}

}  // namespace lrpp::mamba

TORCH_LIBRARY(lrpp, library) {
  library.def("selective_scan(Tensor x, Tensor dt, Tensor A, Tensor B, Tensor C, Tensor D) -> Tensor");
  library.def(
      "selective_scan_relevance(Tensor m, Tensor dt, Tensor A, Tensor B, Tensor C, Tensor D) -> Tensor");
  library.def(
      "selective_scan_vjp(Tensor m, Tensor x, Tensor dt, Tensor A, Tensor B, Tensor C, Tensor D) -> "
      "(Tensor dx, Tensor ddt, Tensor dB, Tensor dC)");
}

TORCH_LIBRARY_IMPL(lrpp, CPU, library) {
  library.impl("selective_scan", lrpp::mamba::scan_cpu);
  library.impl("selective_scan_relevance", lrpp::mamba::relevance_cpu);
  library.impl("selective_scan_vjp", lrpp::mamba::vjp_cpu);
}
