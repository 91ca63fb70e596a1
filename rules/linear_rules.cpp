#include <lrpp/rules/linear_rules.h>
#include <lrpp/rules/linear_view.h>

namespace lrpp::rules {

Epsilon::Epsilon(EpsilonParameters parameters) : RuleWith(parameters) {
  require(parameters.epsilon >= 0, "rule epsilon", "epsilon must be at least 0; got {}", parameters.epsilon);
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

Tensors Epsilon::stabilized(const Op& op, const Kept& kept, const Tensors& outputs) const {
  if (parameters_.epsilon == 0) return outputs;
  Tensors scaled(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].defined()) continue;
    const Tensor& z = kept.output(static_cast<int>(i));
    scaled[i] = outputs[i] * (z / stabilize(z, parameters_.epsilon));
  }
  return scaled;
}

Tensors Epsilon::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  return transpose_view(op, kept, stabilized(op, kept, outputs));
}

Absorbed Epsilon::absorbed(const Op& op, const Kept& all, const Tensors& outputs,
                           const Tensors& inputs) const {
  Absorbed absorbed;
  const Tensors scaled = stabilized(op, all, outputs);
  absorbed.bias = bias_share(op, all, scaled);
  if (parameters_.epsilon == 0) return absorbed;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].defined()) continue;
    const Tensor lost = dot_per_example(all.output(static_cast<int>(i)), outputs[i] - scaled[i]);
    absorbed.stabilizer = add_defined(absorbed.stabilizer, lost);
  }
  return absorbed;
}

std::string ConstantNorm::rejects(const Op& op) const {
  return op.kind() == OpKind::norm ? "" : fmt::format("{} needs a norm", name());
}

Tensors ConstantNorm::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  return transpose_view(op, kept, outputs);
}

Absorbed ConstantNorm::absorbed(const Op& op, const Kept& all, const Tensors& outputs,
                                const Tensors& inputs) const {
  Absorbed absorbed;
  absorbed.bias = bias_share(op, all, outputs);
  return absorbed;
}

}  // namespace lrpp::rules
