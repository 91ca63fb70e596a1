#include <lrpp/rules/checks.h>
#include <lrpp/rules/identity.h>

namespace lrpp::rules {

Identity::Identity(IdentityParameters parameters) : RuleWith(parameters) {
  require_at_least_0("rule identity", "stabilizer", parameters.stabilizer);
}

std::string Identity::rejects(const Op& op) const {
  if (op.kind() != OpKind::activation) return "identity needs an activation";
  if (!static_cast<const Activation&>(op).has_factor())
    return "f(x)/x has no limit at 0, because f(0) is not 0";
  return {};
}

Tensors Identity::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  const Tensor& x = kept.input(0);
  if (parameters_.stabilizer == 0) return {outputs.at(0) * static_cast<const Activation&>(op).factor(x)};
  return {outputs.at(0) * (op.forward({x}).at(0) / stabilize(x, parameters_.stabilizer))};
}

Absorbed Identity::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  if (parameters_.stabilizer == 0) return {};
  const Tensor x = all.input(0).to(at::kDouble), divisor = stabilize(x, parameters_.stabilizer);
  Absorbed absorbed;
  absorbed.stabilizer =
      dot_per_example(all.output(0).to(at::kDouble) * ((divisor - x) / divisor), passage.outputs.at(0));
  return absorbed;
}

}  // namespace lrpp::rules
