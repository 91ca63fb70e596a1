#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::mamba {

struct Conv1dAttributes {
  int64_t kernel_size = 4;
};

/// Causal depthwise convolution over tokens, in the token-major layout of the block: [B,T,E] -> [B,T,E],
/// y_t[e] = b[e] + sum_k w[e,k] x_{t-K+1+k}[e], with zeros before the first token.
class Conv1d final : public Op {
 public:
  /// weight: [E, 1, K] as checkpoints store it; bias: [E] or undefined.
  Conv1d(const Tensor& weight, Tensor bias);
  std::string_view type() const override { return "conv1d"; }
  OpKind kind() const override { return OpKind::linear; }
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override { return Needs::nothing(); }
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  Json attributes() const override { return to_json_value(attributes_); }
  NamedTensors weights() const override;
  /// [K, E].
  const Tensor& taps() const { return taps_; }
  /// [E] or undefined.
  const Tensor& bias() const { return bias_; }

 private:
  Tensor taps_, bias_;  ///< taps_: [K, E], so that each tap is contiguous over channels
  Conv1dAttributes attributes_;
};

}  // namespace lrpp::mamba
