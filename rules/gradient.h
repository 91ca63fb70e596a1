#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

/// The plain gradient: the multiplier passes by the vector-Jacobian product of the op. As relevance, gradient
/// times input. Conserves on linear maps (but for their bias), on nothing else.
class Gradient final : public RuleWith<NoParameters> {
 public:
  using RuleWith::RuleWith;
  std::string_view name() const override { return "gradient"; }
  std::string rejects(const Op&) const override { return {}; }
  Needs needs(const Op& op) const override { return op.vjp_needs(); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
  Absorbed absorbed(const Op& op, const Kept& all, const Tensors& outputs,
                    const Tensors& inputs) const override;
};

}  // namespace lrpp::rules
