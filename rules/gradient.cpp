#include <lrpp/rules/gradient.h>
#include <lrpp/rules/linear_view.h>

namespace lrpp::rules {

Tensors Gradient::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  return op.vjp(kept, outputs);
}

Absorbed Gradient::absorbed(const Op& op, const Kept& all, const Tensors& outputs,
                            const Tensors& inputs) const {
  Absorbed absorbed;
  if (op.kind() == OpKind::linear || op.kind() == OpKind::wiring) {
    absorbed.bias = bias_share(op, all, outputs);
    return absorbed;
  }
  Tensors output_values, input_values;
  for (int i = 0; i < all.num_outputs(); ++i) output_values.push_back(all.output(i));
  for (int i = 0; i < all.num_inputs(); ++i) input_values.push_back(all.input(i));
  const Tensor in = total_relevance(SignalKind::multiplier, output_values, outputs);
  const Tensor out = total_relevance(SignalKind::multiplier, input_values, inputs);
  absorbed.by_rule = out.defined() ? in - out : in;
  return absorbed;
}

}  // namespace lrpp::rules
