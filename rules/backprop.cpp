#include <lrpp/rules/backprop.h>

namespace lrpp::rules {

Absorbed ReluRule::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  // What no derivative stands behind can only be accounted for by what it does.
  Absorbed absorbed;
  absorbed.by_rule = dot_per_example(all.output(0), passage.outputs.at(0)) -
                     dot_per_example(all.input(0), passage.inputs.at(0));
  return absorbed;
}

Tensors GuidedBackprop::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  return {at::threshold_backward(outputs.at(0).clamp_min(0), kept.input(0), 0)};
}

Tensors DeconvNet::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  return {outputs.at(0).clamp_min(0)};
}

}  // namespace lrpp::rules
