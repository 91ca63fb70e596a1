#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

struct EpsilonParameters {
  double epsilon = 1e-6;
  bool zero_bias = false;  ///< leave the bias out of the denominator, so that it absorbs nothing
};

/// R_i = x_i sum_j w_ij R_j / (z_j + epsilon sign z_j), with sign 0 = 1 and z the output with its bias (Bach
/// et al. 2015, doi:10.1371/journal.pone.0130140, eq. 58). It takes relevance and gives the multiplier, the
/// sum. With epsilon 0 (LRP-0) it takes the multiplier R_j / z_j, nothing is left but the transpose, and
/// nothing is kept. Conserves but for bias and stabiliser.
class Epsilon final : public RuleWith<EpsilonParameters> {
 public:
  /// Throws UserError for a negative epsilon, and for zero_bias without an epsilon: LRP-0 has no denominator.
  explicit Epsilon(EpsilonParameters parameters = {});
  std::string_view name() const override { return "epsilon"; }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op& op) const override;
  bool reaches(const Op& op, int i) const override;
  std::optional<SignalKind> takes(const Op& op) const override;
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const override;

 private:
  /// The denominator of output `i`, stabilised or not.
  Tensor denominator(const Op& op, const Kept& kept, int i) const;
  Tensors divided(const Op& op, const Kept& kept, const Tensors& outputs) const;
};

struct NormParameters {
  double stabilizer = 1e-6;
};

/// Epsilon by the name under which Zennit shares relevance at sums and average pooling in proportion to what
/// each input contributes. Conserves but for bias and stabiliser.
class Norm final : public RuleWith<NormParameters> {
 public:
  /// Throws UserError unless the stabilizer is above 0.
  explicit Norm(NormParameters parameters = {});
  std::string_view name() const override { return "norm"; }
  std::string rejects(const Op& op) const override;
  Needs needs(const Op& op) const override { return epsilon_.needs(op); }
  bool reaches(const Op& op, int i) const override { return epsilon_.reaches(op, i); }
  std::optional<SignalKind> takes(const Op& op) const override { return epsilon_.takes(op); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override {
    return epsilon_.propagate(op, kept, outputs);
  }
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const override {
    return epsilon_.absorbed(op, all, passage);
  }

 private:
  Epsilon epsilon_;
};

}  // namespace lrpp::rules
