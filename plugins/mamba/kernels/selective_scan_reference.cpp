#include <ATen/ATen.h>
#include <lrpp/plugins/mamba/kernels/arguments.h>
#include <lrpp/plugins/mamba/kernels/composed.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_reference.h>
#include <torch/library.h>

#include <vector>

namespace lrpp::mamba {
namespace {

/// exp(dt_t A), [B, E, N].
at::Tensor decay_at(const at::Tensor& dt, const at::Tensor& A, int64_t t) {
  return at::exp(dt.select(1, t).unsqueeze(-1) * A);
}

}  // namespace

at::Tensor selective_scan_reference(const at::Tensor& x, const at::Tensor& dt, const at::Tensor& A,
                                    const at::Tensor& B, const at::Tensor& C, const at::Tensor& D) {
  // Unbound, not selected token by token: autograd would add up a zero-filled [B, T, E] for each selection.
  const std::vector<at::Tensor> xs = x.unbind(1), dts = dt.unbind(1), bs = B.unbind(1), cs = C.unbind(1);
  at::Tensor h = at::zeros({x.size(0), x.size(2), A.size(1)}, x.options());
  std::vector<at::Tensor> y;
  for (size_t t = 0; t < xs.size(); ++t) {
    h = at::exp(dts[t].unsqueeze(-1) * A) * h + (dts[t] * xs[t]).unsqueeze(-1) * bs[t].unsqueeze(1);
    y.push_back((cs[t].unsqueeze(1) * h).sum(-1) + D * xs[t]);
  }
  return at::stack(y, 1);
}

at::Tensor selective_scan_relevance_reference(const at::Tensor& m, const at::Tensor& dt, const at::Tensor& A,
                                              const at::Tensor& B, const at::Tensor& C, const at::Tensor& D) {
  const int64_t tokens = m.size(1);
  at::Tensor g = at::zeros({m.size(0), m.size(2), A.size(1)}, m.options());
  std::vector<at::Tensor> dx(tokens);
  for (int64_t t = tokens; t-- > 0;) {
    const at::Tensor m_t = m.select(1, t), b_t = B.select(1, t).unsqueeze(1),
                     c_t = C.select(1, t).unsqueeze(1);
    if (t + 1 < tokens) g = decay_at(dt, A, t + 1) * g;
    g = g + c_t * m_t.unsqueeze(-1);
    dx[t] = dt.select(1, t) * (b_t * g).sum(-1) + D * m_t;
  }
  return at::stack(dx, 1);
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor> selective_scan_vjp_reference(
    const at::Tensor& m, const at::Tensor& x, const at::Tensor& dt, const at::Tensor& A, const at::Tensor& B,
    const at::Tensor& C, const at::Tensor& D) {
  const int64_t tokens = x.size(1);
  std::vector<at::Tensor> states = {at::zeros({x.size(0), x.size(2), A.size(1)}, x.options())};
  for (int64_t t = 0; t < tokens; ++t) {
    const at::Tensor input = (dt.select(1, t) * x.select(1, t)).unsqueeze(-1) * B.select(1, t).unsqueeze(1);
    states.push_back(decay_at(dt, A, t) * states.back() + input);
  }
  std::vector<at::Tensor> dx(tokens), ddt(tokens), db(tokens), dc(tokens);
  at::Tensor decayed = at::zeros_like(states[0]);  // exp(dt_{t+1} A) g_{t+1}
  for (int64_t t = tokens; t-- > 0;) {
    const at::Tensor x_t = x.select(1, t), dt_t = dt.select(1, t), m_t = m.select(1, t);
    const at::Tensor b_t = B.select(1, t).unsqueeze(1), c_t = C.select(1, t).unsqueeze(1);
    const at::Tensor g = decayed + c_t * m_t.unsqueeze(-1);
    decayed = decay_at(dt, A, t) * g;
    const at::Tensor by_input = (b_t * g).sum(-1);
    dx[t] = dt_t * by_input + D * m_t;
    ddt[t] = x_t * by_input + (A * decayed * states[t]).sum(-1);
    db[t] = ((dt_t * x_t).unsqueeze(-1) * g).sum(1);
    dc[t] = (m_t.unsqueeze(-1) * states[t + 1]).sum(1);
  }
  return {at::stack(dx, 1), at::stack(ddt, 1), at::stack(db, 1), at::stack(dc, 1)};
}

Tensor scan_composed(const Tensor& x, const Tensor& dt, const Tensor& A, const Tensor& B, const Tensor& C,
                     const Tensor& D) {
  const ScanInputs in("selective_scan", "x", x, "dt", dt, A, B, C, D, Data::converted);
  return selective_scan_reference(in.lead, in.dt, in.a, in.b, in.c, in.d).to(in.sizes.dtype);
}

Tensor scan_relevance_composed(const Tensor& m, const Tensor& dt, const Tensor& A, const Tensor& B,
                               const Tensor& C, const Tensor& D) {
  const ScanInputs in("selective_scan_relevance", "m", m, "dt", dt, A, B, C, D, Data::converted);
  return selective_scan_relevance_reference(in.lead, in.dt, in.a, in.b, in.c, in.d).to(in.sizes.dtype);
}

std::tuple<Tensor, Tensor, Tensor, Tensor> scan_vjp_composed(const Tensor& m, const Tensor& x,
                                                             const Tensor& dt, const Tensor& A,
                                                             const Tensor& B, const Tensor& C,
                                                             const Tensor& D) {
  const ScanInputs in("selective_scan_vjp", "m", m, "dt", dt, A, B, C, D, Data::converted);
  const Tensor input = in.sizes.data("x", x);
  const auto [dx, ddt, db, dc] = selective_scan_vjp_reference(in.lead, input, in.dt, in.a, in.b, in.c, in.d);
  const at::ScalarType dtype = in.sizes.dtype;
  return {dx.to(dtype), ddt.to(dtype), db.to(dtype), dc.to(dtype)};
}

}  // namespace lrpp::mamba

// For devices without a kernel of their own.
TORCH_LIBRARY_IMPL(lrpp, CompositeExplicitAutograd, library) {
  library.impl("selective_scan", lrpp::mamba::scan_composed);
  library.impl("selective_scan_relevance", lrpp::mamba::scan_relevance_composed);
  library.impl("selective_scan_vjp", lrpp::mamba::scan_vjp_composed);
}
