#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

/// The plain gradient: the multiplier passes by the vector-Jacobian product of the op. As relevance, gradient
/// times input. Conserves on linear maps (but for their bias) and along routes, on nothing else. Relevance
/// that arrives at an op that only routes values (max pooling: the winner takes all; relu: what is positive)
/// goes back along the routes; what lies on a zero that no input was routed to is lost.
class Gradient final : public RuleWith<NoParameters> {
 public:
  using RuleWith::RuleWith;
  std::string_view name() const override { return "gradient"; }
  std::string rejects(const Op&) const override { return {}; }
  Needs needs(const Op& op) const override { return op.vjp_needs(); }
  std::optional<SignalKind> takes(const Op& op) const override;
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const override;
};

}  // namespace lrpp::rules
