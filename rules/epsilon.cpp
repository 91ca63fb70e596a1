#include <lrpp/rules/checks.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/linear_view.h>

namespace lrpp::rules {

Epsilon::Epsilon(EpsilonParameters parameters) : RuleWith(parameters) {
  require_at_least_0("rule epsilon", "epsilon", parameters.epsilon);
  require(!parameters.zero_bias || parameters.epsilon > 0, "rule epsilon",
          "zero_bias needs an epsilon above 0; with 0 nothing is divided");
}

std::string Epsilon::rejects(const Op& op) const {
  return has_linear_view(op) ? "" : "epsilon needs an op that is linear in its data input";
}

Needs Epsilon::needs(const Op& op) const {
  Needs needs = linear_view_needs(op);
  if (parameters_.epsilon == 0) return needs;
  for (int i = 0; i < op.num_outputs(); ++i) needs.outputs.push_back(i);
  return needs;
}

bool Epsilon::reaches(const Op& op, int i) const { return linear_view_reaches(op, i); }

std::optional<SignalKind> Epsilon::takes(const Op& op) const {
  if (parameters_.epsilon > 0) return SignalKind::relevance;
  if (op.routes()) return std::nullopt;
  return SignalKind::multiplier;
}

Tensor Epsilon::denominator(const Op& op, const Kept& kept, int i) const {
  const Tensor& z = kept.output(i);
  const Tensor bias = parameters_.zero_bias ? view_bias(op, kept) : Tensor();
  return bias.defined() ? z - bias : z;
}

Tensors Epsilon::divided(const Op& op, const Kept& kept, const Tensors& outputs) const {
  if (parameters_.epsilon == 0) return outputs;
  Tensors multipliers(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].defined()) continue;
    multipliers[i] = outputs[i] / stabilize(denominator(op, kept, static_cast<int>(i)), parameters_.epsilon);
  }
  return multipliers;
}

Tensors Epsilon::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  return transpose_view(op, kept, divided(op, kept, outputs));
}

Absorbed Epsilon::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  Absorbed absorbed;
  if (passage.taken == SignalKind::relevance && parameters_.epsilon == 0) return absorbed;  // along routes
  const Tensors multipliers = divided(op, all, passage.outputs);
  if (!parameters_.zero_bias) absorbed.bias = bias_share(op, all, multipliers);
  if (parameters_.epsilon == 0) return absorbed;
  for (size_t i = 0; i < multipliers.size(); ++i) {
    if (!multipliers[i].defined()) continue;
    const Tensor z = denominator(op, all, static_cast<int>(i));
    absorbed.stabilizer = add_defined(absorbed.stabilizer,
                                      dot_per_example(stabilize(z, parameters_.epsilon) - z, multipliers[i]));
  }
  return absorbed;
}

namespace {

EpsilonParameters checked(const NormParameters& parameters) {
  require_above_0("rule norm", "stabilizer", parameters.stabilizer);
  return {parameters.stabilizer, false};
}

}  // namespace

Norm::Norm(NormParameters parameters) : RuleWith(parameters), epsilon_(checked(parameters)) {}

std::string Norm::rejects(const Op& op) const {
  return has_linear_view(op) ? "" : "norm needs an op that is linear in its data input";
}

}  // namespace lrpp::rules
