#pragma once

#include <lrpp/framework/ops/wiring.h>

namespace lrpp::ops {

struct MeanTokensAttributes {
  std::vector<int64_t> indices;  ///< of the tokens that count; none: all of them
};

// [docs:op]
/// The mean over tokens: [B,T,D] -> [B,D].
class MeanTokens final : public Wiring {
 public:
  /// Throws UserError for a negative index and for one that comes twice.
  explicit MeanTokens(MeanTokensAttributes attributes = {});
  std::string_view type() const override { return "mean_tokens"; }
  bool nonnegative(const std::vector<bool>& inputs) const override { return inputs.at(0); }
  /// Throws UserError for an index outside [0, T).
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  MeanTokensAttributes attributes_;
};
// [/docs:op]

}  // namespace lrpp::ops
