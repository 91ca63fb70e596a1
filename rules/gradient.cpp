#include <lrpp/rules/gradient.h>
#include <lrpp/rules/linear_view.h>

namespace lrpp::rules {

std::optional<SignalKind> Gradient::takes(const Op& op) const {
  if (op.routes()) return std::nullopt;
  return SignalKind::multiplier;
}

Tensors Gradient::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  return op.vjp(kept, outputs);
}

Absorbed Gradient::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  Absorbed absorbed;
  if (op.kind() == OpKind::linear || op.kind() == OpKind::wiring) {
    if (passage.taken == SignalKind::multiplier) absorbed.bias = bias_share(op, all, passage.outputs);
    return absorbed;
  }
  if (passage.taken == SignalKind::relevance) {
    // The op routes values, so that a part is lost where an output is no input but zero: f(x)/x is 0 there.
    const auto& activation = static_cast<const Activation&>(op);
    absorbed.by_rule = dot_per_example(1 - activation.factor(all.input(0)), passage.outputs.at(0));
    return absorbed;
  }
  Tensors output_values, input_values;
  for (int i = 0; i < all.num_outputs(); ++i) output_values.push_back(all.output(i));
  for (int i = 0; i < all.num_inputs(); ++i) input_values.push_back(all.input(i));
  const Tensor in = total_relevance(SignalKind::multiplier, output_values, passage.outputs);
  const Tensor out = total_relevance(SignalKind::multiplier, input_values, passage.inputs);
  absorbed.by_rule = out.defined() ? in - out : in;
  return absorbed;
}

}  // namespace lrpp::rules
