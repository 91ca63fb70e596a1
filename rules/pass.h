#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

/// Relevance passes unchanged, element by element, whatever the op computes. It hands on relevance, not a
/// multiplier, so that it also reaches inputs that are zero. Conserves.
class Pass final : public RuleWith<NoParameters> {
 public:
  using RuleWith::RuleWith;
  std::string_view name() const override { return "pass"; }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op&) const override { return Needs::nothing(); }
  std::optional<SignalKind> takes(const Op&) const override { return SignalKind::relevance; }
  SignalKind gives(const Op&) const override { return SignalKind::relevance; }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override { return outputs; }
};

}  // namespace lrpp::rules
