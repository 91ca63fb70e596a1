#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

struct IdentityParameters {
  double stabilizer = 0;
};

/// An activation passes its relevance through: R_in = R_out, so the multiplier gets the factor f(x)/x, taken
/// at its limit where x is 0 (MambaLRP, arXiv:2406.07592, the rule for SiLU layers). With a stabilizer the
/// factor is f(x) / (x + stabilizer sign x), as the authors' code has it with 1e-6. Conserves but for the
/// stabiliser.
class Identity final : public RuleWith<IdentityParameters> {
 public:
  /// Throws UserError for a negative stabilizer.
  explicit Identity(IdentityParameters parameters = {});
  std::string_view name() const override { return "identity"; }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op& op) const override { return Needs::only_inputs({0}); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const override;
};

}  // namespace lrpp::rules
