#include <lrpp/rules/hold.h>

namespace lrpp::rules {
namespace {

int64_t numel(const Meta& meta) { return c10::multiply_integers(meta.sizes); }

}  // namespace

std::string Half::rejects(const Op& op) const {
  return op.kind() == OpKind::product ? "" : "half needs the product of two values";
}

Tensors Half::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  const Tensor& m = outputs.at(0);
  const auto a = op.linear_map(kept, 0), b = op.linear_map(kept, 1);
  // Whichever side has fewer entries is halved: an attention's scores have many times those of its heads.
  if (m.numel() <= numel(kept.input_meta(0)) + numel(kept.input_meta(1))) {
    const Tensor half = m * 0.5;
    return {a->transpose(half), b->transpose(half)};
  }
  return {a->transpose(m) * 0.5, b->transpose(m) * 0.5};
}

Hold::Hold(HoldParameters parameters) : RuleWith(parameters) {
  require(parameters.factor == 0 || parameters.factor == 1, "rule hold", "factor must be 0 or 1; got {}",
          parameters.factor);
}

std::string Hold::rejects(const Op& op) const {
  const bool fits = op.kind() == OpKind::product || op.kind() == OpKind::held_linear;
  return fits ? "" : "hold needs a product, or an op that is linear once its other inputs are held";
}

int Hold::data_input(const Op& op) const {
  return op.kind() == OpKind::product ? static_cast<int>(1 - parameters_.factor) : 0;
}

Tensors Hold::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  Tensors inputs(static_cast<size_t>(op.num_inputs()));
  const int data = data_input(op);
  inputs[static_cast<size_t>(data)] = op.linear_map(kept, data)->transpose(outputs.at(0));
  return inputs;
}

}  // namespace lrpp::rules
