#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

/// A product of two branches gives each half of its relevance (MambaLRP, arXiv:2406.07592, the rule for
/// the gate). Conserves.
class Half final : public RuleWith<NoParameters> {
 public:
  using RuleWith::RuleWith;
  std::string_view name() const override { return "half"; }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op& op) const override { return Needs::only_inputs({0, 1}); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
};

struct HoldParameters {
  int64_t factor = 1;  ///< of a product: the input that is held constant
};

/// Everything but the data is held constant, and relevance passes by the linear map that is left. On a
/// selective scan the discretised A and B, and C, are held: relevance flows through the recurrence in x and
/// the skip D, and none reaches the projections that made them (MambaLRP, arXiv:2406.07592). On a product one
/// factor is held and the other gets everything. Conserves.
class Hold final : public RuleWith<HoldParameters> {
 public:
  /// Throws UserError for a factor other than 0 and 1.
  explicit Hold(HoldParameters parameters = {});
  std::string_view name() const override { return "hold"; }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op& op) const override { return op.linear_map_needs(data_input(op)); }
  bool reaches(const Op& op, int i) const override { return i == data_input(op); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;

 private:
  int data_input(const Op& op) const;
};

}  // namespace lrpp::rules
