#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

/// Base of the two ways of carrying a gradient back through a ReLU that are no derivative of anything.
class ReluRule : public RuleWith<NoParameters> {
 public:
  using RuleWith::RuleWith;
  std::string rejects(const Op& op) const final { return op.type() == "relu" ? "" : "it is made for relu"; }
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const final;
};

/// Guided backpropagation: the gradient passes where both it and the input are positive (Springenberg et al.
/// 2015, arXiv:1412.6806, section 3.4). Does not conserve.
class GuidedBackprop final : public ReluRule {
 public:
  using ReluRule::ReluRule;
  std::string_view name() const override { return "guided-backprop"; }
  Needs needs(const Op&) const override { return Needs::only_inputs({0}); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
};

/// DeconvNet: the gradient passes where it is positive, whatever the input was (Zeiler and Fergus 2014,
/// arXiv:1311.2901, section 2.1). Does not conserve.
class DeconvNet final : public ReluRule {
 public:
  using ReluRule::ReluRule;
  std::string_view name() const override { return "deconvnet"; }
  Needs needs(const Op&) const override { return Needs::nothing(); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
};

}  // namespace lrpp::rules
