#pragma once

#include <lrpp/framework/ops/wiring.h>

namespace lrpp::ops {

struct FlipAttributes {
  std::vector<int64_t> dims{1};
};

/// Reverses the order along dimensions, as torch.flip: along the tokens (1) for a branch that reads them from
/// the end. Dimension 0 is the batch and stays.
class Flip final : public Wiring {
 public:
  /// Throws UserError unless `dims` names dimensions after the batch.
  explicit Flip(FlipAttributes attributes = {});
  std::string_view type() const override { return "flip"; }
  bool routes() const override { return true; }
  bool keeps_shape() const override { return true; }
  bool nonnegative(const std::vector<bool>& inputs) const override { return inputs.at(0); }
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  FlipAttributes attributes_;
};

}  // namespace lrpp::ops
