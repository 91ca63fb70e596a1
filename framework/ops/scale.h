#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

struct ScaleAttributes {
  int64_t dim = -1;
};

/// y = x * weight along dimension `dim`: a layer scale (Touvron et al., arXiv:2103.17239). [..., D, ...] of
/// the same shape out.
class Scale final : public OpWith<ScaleAttributes> {
 public:
  /// weight: [D].
  explicit Scale(Tensor weight, ScaleAttributes attributes = {});
  std::string_view type() const override { return "scale"; }
  OpKind kind() const override { return OpKind::linear; }
  bool elementwise() const override { return true; }
  /// Throws UserError for an input of another size in `dim`.
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override { return Needs::nothing(); }
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  NamedTensors weights() const override { return {{"weight", weight_}}; }

 private:
  Tensor weight_;
};

}  // namespace lrpp::ops
