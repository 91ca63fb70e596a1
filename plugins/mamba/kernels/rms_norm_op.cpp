#include <ATen/ATen.h>
#include <fmt/ranges.h>
#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/kernels/arguments.h>
#include <lrpp/plugins/mamba/kernels/composed.h>
#include <lrpp/plugins/mamba/kernels/find_op.h>
#include <lrpp/plugins/mamba/kernels/rms_norm_op.h>
#include <torch/library.h>

namespace lrpp::mamba {
namespace {

void require_norm(const char* where, const Tensor& x, const Tensor& weight) {
  require(weight.defined() && weight.dim() == 1 && x.dim() > 0 && x.size(-1) == weight.size(0), where,
          "the last dimension must be the weight's; got [{}] and {}", fmt::join(x.sizes(), ","),
          weight.defined() ? fmt::format("[{}]", fmt::join(weight.sizes(), ",")) : "an undefined weight");
  require(x.device() == weight.device(), where, "weight must be on {}; got {}", x.device().str(),
          weight.device().str());
}

}  // namespace

std::tuple<Tensor, Tensor, Tensor> add_rms_norm_composed(const Tensor& x,
                                                         const std::optional<Tensor>& residual,
                                                         const Tensor& weight, double eps) {
  require_norm("add_rms_norm", x, weight);
  const Tensor sum = residual ? *residual + x : x;
  const Tensor wide = sum.to(at::promote_types(sum.scalar_type(), at::kFloat));
  const Tensor rstd = at::rsqrt(wide.square().mean(-1, true) + eps);
  // The unit values take the weight's dtype before they are weighted, as models define it.
  return {sum, weight * (wide * rstd).to(weight.scalar_type()), rstd};
}

std::tuple<Tensor, Tensor> add_rms_norm_relevance_composed(const std::optional<Tensor>& m_sum,
                                                           const Tensor& m_normed, const Tensor& rstd,
                                                           const Tensor& weight, at::ScalarType wide,
                                                           at::ScalarType narrow) {
  require_norm("add_rms_norm_relevance", m_normed, weight);
  Tensor m = m_normed.to(rstd.scalar_type()) * weight * rstd;
  if (m_sum) m = m + *m_sum;
  m = m.to(wide);
  return {m, m.to(narrow)};
}

std::tuple<Tensor, Tensor, Tensor> add_rms_norm(const Tensor& x, const std::optional<Tensor>& residual,
                                                const Tensor& weight, double eps) {
  static const auto op = find_op<decltype(add_rms_norm)>("lrpp::add_rms_norm");
  require_defined("add_rms_norm", "x", x);
  return op.call(x, residual, weight, eps);
}

std::tuple<Tensor, Tensor> add_rms_norm_relevance(const std::optional<Tensor>& m_sum, const Tensor& m_normed,
                                                  const Tensor& rstd, const Tensor& weight,
                                                  at::ScalarType wide, at::ScalarType narrow) {
  static const auto op = find_op<decltype(add_rms_norm_relevance)>("lrpp::add_rms_norm_relevance");
  require_defined("add_rms_norm_relevance", "m_normed", m_normed);
  return op.call(m_sum, m_normed, rstd, weight, wide, narrow);
}

}  // namespace lrpp::mamba

TORCH_LIBRARY_FRAGMENT(lrpp, library) {
  library.def(
      "add_rms_norm(Tensor x, Tensor? residual, Tensor weight, float eps) -> (Tensor sum, Tensor normed, "
      "Tensor rstd)");
  library.def(
      "add_rms_norm_relevance(Tensor? m_sum, Tensor m_normed, Tensor rstd, Tensor weight, ScalarType wide, "
      "ScalarType narrow) -> (Tensor m_residual, Tensor m_x)");
}

TORCH_LIBRARY_IMPL(lrpp, CompositeExplicitAutograd, library) {
  library.impl("add_rms_norm", lrpp::mamba::add_rms_norm_composed);
  library.impl("add_rms_norm_relevance", lrpp::mamba::add_rms_norm_relevance_composed);
}
