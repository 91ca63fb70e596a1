#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

/// Each pair is height, width, as in torch.nn.Conv2d; padding is zeros on both sides.
struct Conv2dAttributes {
  std::vector<int64_t> stride{1, 1};
  std::vector<int64_t> padding{0, 0};
  std::vector<int64_t> dilation{1, 1};
  int64_t groups = 1;
};

/// Two-dimensional convolution (cross-correlation) with bias: [B,I,H,W] -> [B,O,H',W'], as torch.nn.Conv2d.
class Conv2d final : public Op {
 public:
  /// weight: [O, I/groups, kh, kw]; bias: [O] or undefined. Throws UserError for other shapes and for
  /// attributes that no convolution has.
  Conv2d(const Tensor& weight, Tensor bias, Conv2dAttributes attributes = {});
  std::string_view type() const override { return "conv2d"; }
  OpKind kind() const override { return OpKind::linear; }
  bool keeps_shape() const override;
  /// Throws UserError for an input of other channels, or smaller than the kernel.
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override { return Needs::nothing(); }
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  Json attributes() const override;
  NamedTensors weights() const override;

  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }
  const Conv2dAttributes& options() const { return attributes_; }

 private:
  Tensor weight_, bias_;
  Conv2dAttributes attributes_;
};

}  // namespace lrpp::ops
