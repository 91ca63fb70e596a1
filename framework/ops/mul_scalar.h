#pragma once

#include <lrpp/framework/ops/wiring.h>

namespace lrpp::ops {

struct MulScalarAttributes {
  double factor = 1;
};

/// x times a constant: half of a sum of two branches.
class MulScalar final : public Wiring {
 public:
  /// Throws UserError unless the factor is finite.
  explicit MulScalar(MulScalarAttributes attributes);
  std::string_view type() const override { return "mul_scalar"; }
  bool elementwise() const override { return true; }
  bool nonnegative(const std::vector<bool>& inputs) const override {
    return inputs.at(0) && attributes_.factor >= 0;
  }
  std::optional<std::vector<int>> picks_through(int dim) const override { return {{dim}}; }
  Tensors forward(const Tensors& inputs) const override { return {inputs.at(0) * attributes_.factor}; }
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  MulScalarAttributes attributes_;
};

}  // namespace lrpp::ops
