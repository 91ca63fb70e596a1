#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

struct EpsilonParameters {
  double epsilon = 1e-6;
};

/// R_i = x_i sum_j w_ij R_j / (z_j + epsilon sign z_j), with sign 0 = 1 and z the output with its bias (Bach
/// et al. 2015, doi:10.1371/journal.pone.0130140, eq. 58). As a multiplier: transpose of m_j z_j / (z_j +
/// epsilon sign z_j); with epsilon 0 (LRP-0) nothing but the transpose, and nothing is kept. Conserves but
/// for bias and stabiliser.
class Epsilon final : public RuleWith<EpsilonParameters> {
 public:
  /// Throws UserError for a negative epsilon.
  explicit Epsilon(EpsilonParameters parameters = {});
  std::string_view name() const override { return "epsilon"; }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op& op) const override;
  bool reaches(const Op& op, int i) const override;
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
  Absorbed absorbed(const Op& op, const Kept& all, const Tensors& outputs,
                    const Tensors& inputs) const override;

 private:
  Tensors stabilized(const Op& op, const Kept& kept, const Tensors& outputs) const;
};

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
  Absorbed absorbed(const Op& op, const Kept& all, const Tensors& outputs,
                    const Tensors& inputs) const override;
};

/// The same computation under the name that Transformers know it by (Ali et al. 2022, arXiv:2202.07304,
/// section 4, "LN-rule").
class LnRule final : public ConstantNorm {
 public:
  using ConstantNorm::ConstantNorm;
  std::string_view name() const override { return "ln-rule"; }
};

}  // namespace lrpp::rules
