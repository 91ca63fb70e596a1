#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

struct BatchNormAttributes {
  double eps = 1e-5;
};

/// Batch norm with the statistics of training held, as a trained model applies it (Ioffe and Szegedy,
/// arXiv:1502.03167): y = (x - mean) / sqrt(variance + eps) * weight + bias, channel by channel.
/// [B,C,...] -> [B,C,...].
class BatchNorm final : public OpWith<BatchNormAttributes> {
 public:
  /// All [C]; weight and bias may be undefined. They may be wider than the data: statistics lose too much in
  /// half precision. Throws UserError for other shapes and where variance + eps is not positive.
  BatchNorm(Tensor weight, Tensor bias, Tensor mean, Tensor variance, BatchNormAttributes attributes = {});
  std::string_view type() const override { return "batch_norm"; }
  OpKind kind() const override { return OpKind::norm; }
  bool elementwise() const override { return true; }
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override { return Needs::nothing(); }
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  bool has_explicit_weights() const override { return true; }
  NamedTensors weights() const override;

  /// y = gain x + shift: [C] each, float64.
  const Tensor& gain() const { return gain_; }
  const Tensor& shift() const { return shift_; }

 private:
  Tensor weight_, bias_, mean_, variance_, gain_, shift_;
};

}  // namespace lrpp::ops
