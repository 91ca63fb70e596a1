#pragma once

#include <lrpp/framework/ops/wiring.h>

// A mixture of experts (Shazeer et al., arXiv:1701.06538): a router scores the experts for every token,
// `expert_choice` takes the best of them, `expert_dispatch` hands each expert the tokens that chose it, and
// `expert_combine` puts together what the experts made of each token. Which experts are chosen is an index
// and carries no signal; like ids and positions it stays on the CPU, where it is read to size the parts.

namespace lrpp::ops {

struct ExpertChoiceAttributes {
  int64_t k = 2;            ///< experts of each token
  int64_t groups = 1;       ///< the experts lie in so many groups of equal size, one after the other
  int64_t kept_groups = 1;  ///< only so many of them, those with the largest sums of their two best, are open
};

/// The k best experts of each token: scores [B,T,E] -> their scores [B,T,k], and which they are [B,T,k]
/// int64. A bias [E] may shift the scores for the choice, and for the choice alone (Wang et al.,
/// arXiv:2408.15664; groups as in DeepSeek-V3, arXiv:2412.19437, section 2.1.2).
class ExpertChoice final : public Wiring {
 public:
  /// Throws UserError for attributes that choose nothing.
  explicit ExpertChoice(ExpertChoiceAttributes attributes, Tensor bias = {});
  std::string_view type() const override { return "expert_choice"; }
  bool routes() const override { return true; }
  int num_outputs() const override { return 2; }
  /// Throws UserError for scores of another shape, and for fewer open experts than k.
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override { return Needs::only_outputs({1}); }
  Json attributes() const override { return to_json_value(attributes_); }
  NamedTensors weights() const override;

 private:
  void check(const Tensor& scores) const;

  ExpertChoiceAttributes attributes_;
  Tensor bias_;
};

struct ExpertsAttributes {
  int64_t experts = 1;
};

/// The tokens of each expert: x [B,T,D], choice [B,T,k] -> one [B,n,D] for each expert, with n the largest
/// number of tokens that any example of the batch sends to it, in the order of the tokens. Rows of zeros
/// follow those of the other examples: `expert_combine` reads none of them, so that no signal reaches them.
class ExpertDispatch final : public Wiring {
 public:
  /// Throws UserError unless there is at least one expert.
  explicit ExpertDispatch(ExpertsAttributes attributes);
  std::string_view type() const override { return "expert_dispatch"; }
  bool routes() const override { return true; }
  int num_inputs() const override { return 2; }
  int num_outputs() const override { return static_cast<int>(attributes_.experts); }
  /// Throws UserError for a choice of another shape than x has tokens, or outside [0, experts).
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override { return Needs::only_inputs({1}); }
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  ExpertsAttributes attributes_;
};

/// The weighted sum of what its experts made of each token: rows [B,N,D] (the experts' outputs one after the
/// other, as `expert_dispatch` has their inputs), choice [B,T,k], weights [B,T,k] -> [B,T,D] of the rows'
/// dtype. Linear in the rows once the weights are held.
class ExpertCombine final : public Op {
 public:
  /// Throws UserError unless there is at least one expert.
  explicit ExpertCombine(ExpertsAttributes attributes);
  std::string_view type() const override { return "expert_combine"; }
  OpKind kind() const override { return OpKind::held_linear; }
  int num_inputs() const override { return 3; }
  /// Throws UserError for weights of another shape than the choice, and for another number of rows than the
  /// choice makes.
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  Needs linear_map_needs(int) const override { return Needs::only_inputs({1, 2}); }
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  ExpertsAttributes attributes_;
};

struct SumNormAttributes {
  double eps = 1e-20;
};

/// x / (sum(x) + eps) over the last dimension, which makes shares of the weights of a token's experts.
/// [..., k] -> [..., k].
class SumNorm final : public OpWith<SumNormAttributes> {
 public:
  using OpWith::OpWith;
  std::string_view type() const override { return "sum_norm"; }
  OpKind kind() const override { return OpKind::norm; }
  bool keeps_shape() const override { return true; }
  bool nonnegative(const std::vector<bool>& inputs) const override { return inputs.at(0); }
  std::optional<std::vector<int>> picks_through(int dim) const override { return {{dim}}; }
  Tensors forward(const Tensors& inputs) const override;
  /// The view with the sum held.
  std::unique_ptr<LinearMap> linear_map(const Kept& kept, int data_input) const override;
  Needs linear_map_needs(int) const override { return Needs::only_inputs({0}); }
};

}  // namespace lrpp::ops
