#include <lrpp/rules/constant_norm.h>
#include <lrpp/rules/linear_view.h>

namespace lrpp::rules {

std::string ConstantNorm::rejects(const Op& op) const {
  return op.kind() == OpKind::norm ? "" : fmt::format("{} needs a norm", name());
}

Tensors ConstantNorm::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  return transpose_view(op, kept, outputs);
}

Absorbed ConstantNorm::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  Absorbed absorbed;
  absorbed.bias = bias_share(op, all, passage.outputs);
  return absorbed;
}

}  // namespace lrpp::rules
