#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

/// A norm with 1/rms or 1/std held constant, so that it is linear; the mean subtraction stays linear, the
/// weight is part of the map. Conserves but for the bias (MambaLRP, arXiv:2406.07592, the rule for RMSNorm).
class ConstantNorm : public RuleWith<NoParameters> {
 public:
  using RuleWith::RuleWith;
  std::string_view name() const override { return "constant-norm"; }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op& op) const override { return op.linear_map_needs(); }
  bool reaches(const Op& op, int i) const override { return i == 0; }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const override;
};

/// The same computation under the name that Transformers know it by (Ali et al. 2022, arXiv:2202.07304,
/// section 4, "LN-rule").
class LnRule final : public ConstantNorm {
 public:
  using ConstantNorm::ConstantNorm;
  std::string_view name() const override { return "ln-rule"; }
};

}  // namespace lrpp::rules
