#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

/// The relevance of each element is shared equally between the inputs of a sum or a product, whatever their
/// values (for products: Achtibat et al. 2024, arXiv:2402.05602). It hands on relevance, so that
/// a zero input gets its share too. Conserves.
class Uniform final : public RuleWith<NoParameters> {
 public:
  using RuleWith::RuleWith;
  std::string_view name() const override { return "uniform"; }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op&) const override { return Needs::nothing(); }
  std::optional<SignalKind> takes(const Op&) const override { return SignalKind::relevance; }
  SignalKind gives(const Op&) const override { return SignalKind::relevance; }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
};

}  // namespace lrpp::rules
