#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

struct NormAttributes {
  double eps = 1e-5;
  double offset = 0;   ///< added to the stored weight: 1 in Gemma, whose weights are near 0
  int64_t groups = 1;  ///< of RMSNorm: so many equal parts of the last dimension have a statistic each
};

/// Base of norms over the last dimension: y = w * s * (x - c mean(x)) + b with a statistic s of x.
/// Statistics, and a weight with an offset, are computed in float32 at least; the output has the weight's
/// dtype, as models with a residual stream wider than their weights expect.
class Norm : public Op {
 public:
  OpKind kind() const final { return OpKind::norm; }
  bool keeps_shape() const override { return true; }
  std::optional<std::vector<int>> picks_through(int dim) const override { return {{dim}}; }
  Tensors forward(const Tensors& inputs) const override;
  /// The view with the statistic held.
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  Needs linear_map_needs(int) const override { return Needs::only_inputs({0}); }
  Json attributes() const override { return to_json_value(attributes_); }
  NamedTensors weights() const override;

 protected:
  Norm(Tensor weight, Tensor bias, bool centred, NormAttributes attributes);
  Tensor scale(const Tensor& x) const;

 private:
  Tensor weight_, bias_;
  Tensor gain_;  ///< the weight with its offset, in float32 at least where there is one
  bool centred_;
  NormAttributes attributes_;
};

/// x / sqrt(mean(x^2) + eps) * weight (Zhang and Sennrich, arXiv:1910.07467). [..., D] -> [..., D].
class RmsNorm final : public Norm {
 public:
  /// weight: [D]. Throws UserError where the groups do not divide D.
  explicit RmsNorm(Tensor weight, NormAttributes attributes = {})
      : Norm(std::move(weight), {}, /*centred=*/false, attributes) {}
  std::string_view type() const override { return "rms_norm"; }
};

/// (x - mean) / sqrt(var + eps) * weight + bias (Ba et al., arXiv:1607.06450). [..., D] -> [..., D].
class LayerNorm final : public Norm {
 public:
  /// weight: [D]; bias: [D] or undefined.
  LayerNorm(Tensor weight, Tensor bias, NormAttributes attributes = {})
      : Norm(std::move(weight), std::move(bias), /*centred=*/true, attributes) {}
  std::string_view type() const override { return "layer_norm"; }
};

}  // namespace lrpp::ops
