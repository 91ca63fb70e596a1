#include <lrpp/rules/linear_view.h>

namespace lrpp::rules {

bool has_linear_view(const Op& op) {
  switch (op.kind()) {
    case OpKind::linear:
    case OpKind::wiring:
    case OpKind::held_linear:
    case OpKind::norm:
      return true;
    default:
      return false;
  }
}

std::string lacks_signed_weights(std::string_view rule, const Op& op) {
  const bool fits = has_linear_view(op) && op.kind() != OpKind::wiring && op.has_explicit_weights();
  return fits ? "" : fmt::format("{} needs a linear op whose weights can be told apart by their sign", rule);
}

Needs linear_view_needs(const Op& op) {
  return op.kind() == OpKind::wiring ? op.vjp_needs() : op.linear_map_needs();
}

Tensors transpose_view(const Op& op, const Kept& kept, const Tensors& outputs) {
  if (op.kind() == OpKind::wiring) return op.vjp(kept, outputs);
  Tensors inputs(static_cast<size_t>(op.num_inputs()));
  inputs[0] = op.linear_map(kept)->transpose(outputs.at(0));
  return inputs;
}

bool linear_view_reaches(const Op& op, int input) { return op.kind() == OpKind::wiring || input == 0; }

Tensor view_bias(const Op& op, const Kept& kept) {
  return op.kind() == OpKind::wiring ? Tensor() : op.linear_map(kept)->bias();
}

Tensor bias_share(const Op& op, const Kept& all, const Tensors& outputs) {
  const Tensor bias = view_bias(op, all);
  return bias.defined() ? dot_per_example(bias, outputs.at(0)) : Tensor();
}

}  // namespace lrpp::rules
