#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

struct SoftmaxAttributes {
  bool causal = false;  ///< token t sees s <= t
  int64_t window = 0;   ///< if not 0, token t sees only s > t - window; needs `causal`
  bool padded = false;  ///< input 1 is an attention_mask [B,S] int64: 1 for real tokens, 0 for padding;
                        ///< scores [B P,...] of P positions of each example share its mask
};

/// The softmax of attention scores [B,H,T,S] over S, computed in float32 at least. What a token does not see
/// has a share of exactly 0; a row that sees nothing is 0 everywhere. Where everything is seen, the scores
/// may be of any shape [B,...,S]: those of a router over its experts.
class Softmax final : public Op {
 public:
  /// Throws UserError for a negative window, or one without `causal`.
  explicit Softmax(SoftmaxAttributes attributes = {});
  std::string_view type() const override { return "softmax"; }
  OpKind kind() const override { return OpKind::softmax; }
  int num_inputs() const override { return attributes_.padded ? 2 : 1; }
  bool keeps_shape() const override { return true; }
  bool nonnegative(const std::vector<bool>&) const override { return true; }
  Tensors forward(const Tensors& inputs) const override;
  /// A causal softmax has to know which token a row belongs to.
  std::optional<std::vector<int>> picks_through(int dim) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override { return Needs::only_outputs({0}); }
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  SoftmaxAttributes attributes_;
};

}  // namespace lrpp::ops
