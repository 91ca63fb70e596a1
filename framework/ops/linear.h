#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

/// y = x W^T + b over the last dimension, as torch.nn.Linear: [..., I] -> [..., O].
class Linear final : public Op {
 public:
  /// weight: [O, I]; bias: [O] or undefined.
  explicit Linear(Tensor weight, Tensor bias = {});
  std::string_view type() const override { return "linear"; }
  OpKind kind() const override { return OpKind::linear; }
  bool keeps_shape() const override { return weight_.size(0) == weight_.size(1); }
  std::optional<std::vector<int>> picks_through(int dim) const override { return {{dim}}; }
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override { return Needs::nothing(); }
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  Json attributes() const override;
  NamedTensors weights() const override;

  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  Tensor weight_, bias_;
};

}  // namespace lrpp::ops
