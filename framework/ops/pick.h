#pragma once

#include <lrpp/framework/ops/wiring.h>

namespace lrpp::ops {

struct PickAttributes {
  int64_t dim = 1;
  int64_t index = 0;         ///< which entry, of every example
  bool by_position = false;  ///< which entry of each example is input 1, a position [B P] int64
};

/// Takes one entry of a dimension and keeps the dimension: [B,T,D] -> [B,1,D], or, with P positions of each
/// example, [B P,1,D]. Plans put it where a model
/// answers for one token, so that what lies above is computed for that token only; see pick_early.h.
class Pick final : public Wiring {
 public:
  explicit Pick(PickAttributes attributes) : attributes_(attributes) {}
  std::string_view type() const override { return "pick"; }
  bool routes() const override { return true; }
  int num_inputs() const override { return attributes_.by_position ? 2 : 1; }
  /// Throws UserError for an entry that the dimension does not have.
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  PickAttributes attributes_;
};

}  // namespace lrpp::ops
