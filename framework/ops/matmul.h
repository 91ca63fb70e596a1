#pragma once

#include <lrpp/framework/op.h>

namespace lrpp::ops {

struct MatmulAttributes {
  bool transpose_b = false;
  double scale = 1;
};

/// scale a b (or scale a b^T) for each head: a [B,H,T,K] times b [B,G,K,S] (or [B,G,S,K]) -> [B,H,T,S].
/// Where b has fewer heads (grouped-query attention, Ainslie et al., arXiv:2305.13245), H / G successive
/// heads of `a` share one of b, which is never repeated in memory. Likewise `a` may have several successive
/// entries [B P,H,T,K] for each of b: of the queries that `pick` chooses at P positions.
class Matmul final : public Op {
 public:
  explicit Matmul(MatmulAttributes attributes = {}) : attributes_(attributes) {}
  std::string_view type() const override { return "matmul"; }
  OpKind kind() const override { return OpKind::product; }
  int num_inputs() const override { return 2; }
  bool nonnegative(const std::vector<bool>& inputs) const override;
  /// Throws UserError where the shapes do not fit.
  Tensors forward(const Tensors& inputs) const override;
  std::optional<std::vector<int>> picks_through(int dim) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  /// The view in one factor with the other held.
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  Needs linear_map_needs(int data_input) const override { return Needs::only_inputs({1 - data_input}); }
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  MatmulAttributes attributes_;
};

}  // namespace lrpp::ops
