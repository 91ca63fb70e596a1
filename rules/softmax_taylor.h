#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

/// Softmax by its first-order Taylor form at x: R_i = x_i (R_i - s_i sum_j R_j), and the form's constant
/// takes the rest (AttnLRP, arXiv:2402.05602, proposition 3.1). As a multiplier this is the gradient, which
/// is how LXT computes it. Conserves but for that constant, which the ledger lists as bias.
class SoftmaxTaylor final : public RuleWith<NoParameters> {
 public:
  using RuleWith::RuleWith;
  std::string_view name() const override { return "softmax-taylor"; }
  std::string rejects(const Op& op) const override {
    return op.kind() == OpKind::softmax ? "" : "softmax-taylor needs a softmax";
  }
  Needs needs(const Op& op) const override { return op.vjp_needs(); }
  bool reaches(const Op&, int i) const override { return i == 0; }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const override;
};

}  // namespace lrpp::rules
