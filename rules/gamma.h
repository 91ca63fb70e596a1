#pragma once

#include <lrpp/framework/rule.h>

namespace lrpp::rules {

/// Base of the gamma rules: contributions of the output's own sign count 1 + gamma times,
///   R_i = sum_j x_i v_ij / z_j R_j,  v = w + gamma w^+ where x_i and the output have the same sign, else
///   w + gamma w^-,
/// and z_j the sum of these contributions and of the bias, which counts alike. What they give is
/// proportional to x, so that they give a multiplier without a division by x.
///
/// With y the output and u the sum that a positive output would have, z is u where y is positive and
/// (2 + gamma) y - u where it is negative, so that one pass over the inputs makes both; likewise for what
/// negative inputs are multiplied with. Neither difference loses digits: where y is negative, u is at most
/// gamma times what pulls y down.
class GammaRule : public Rule {
 public:
  std::string rejects(const Op& op) const final;
  Needs needs(const Op& op) const final;
  bool reaches(const Op& op, int i) const final { return i == 0; }
  std::optional<SignalKind> takes(const Op&) const final { return SignalKind::relevance; }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const final;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const final;

 protected:
  struct Settings {
    double gamma = 0.25, stabilizer = 1e-6;
    double threshold = 0;  ///< an output above it is positive, one below it negative
    bool zero_bias = false;
  };
  explicit GammaRule(Settings settings) : settings_(settings) {}

 private:
  class Maps;
  struct Divided;
  Divided divide(const Maps& maps, const Kept& kept, const Tensor& relevance) const;

  Settings settings_;
};

struct GammaParameters {
  double gamma = 0.25;
  double stabilizer = 1e-6;
  bool zero_bias = false;
};

/// Contributions of the output's own sign count 1 + gamma times: for positive outputs x^+ (w + gamma w^+) and
/// x^- (w + gamma w^-), for negative outputs the other way round (Montavon et al. 2019,
/// doi:10.1007/978-3-030-28954-6_10, eq. 10.11, for inputs of both signs as Zennit has it). An output of
/// exactly 0 passes nothing on. Conserves but for bias, stabiliser and such outputs.
class Gamma final : public GammaRule {
 public:
  using ParameterStruct = GammaParameters;
  /// Throws UserError for a negative gamma or stabilizer.
  explicit Gamma(GammaParameters parameters = {});
  std::string_view name() const override { return "gamma"; }
  Json parameters() const override { return to_json_value(parameters_); }

 private:
  GammaParameters parameters_;
};

struct GeneralizedGammaParameters {
  double gamma = 0.25;
  double threshold = 1e-6;  ///< an output above it counts as positive, below it as negative
  double stabilizer = 0;
};

/// The gamma rule as MambaLRP's authors apply it in Vision Mamba (arXiv:2406.07592, appendix): no stabiliser,
/// and outputs up to a threshold count as negative. Conserves but for the bias.
class GeneralizedGamma final : public GammaRule {
 public:
  using ParameterStruct = GeneralizedGammaParameters;
  /// Throws UserError for a negative gamma, threshold or stabilizer.
  explicit GeneralizedGamma(GeneralizedGammaParameters parameters = {});
  std::string_view name() const override { return "generalized-gamma"; }
  Json parameters() const override { return to_json_value(parameters_); }

 private:
  GeneralizedGammaParameters parameters_;
};

}  // namespace lrpp::rules
