#pragma once

#include <lrpp/framework/rule.h>

#include <functional>
#include <vector>

namespace lrpp::rules {

/// Base of rules that treat positive and negative contributions of a linear map apart. Each is a sum of parts
///   R_i = sum over parts of factor * sum_j (v_ij x_i) / z_j R_j,
/// where each part has weights v of its own for the positive and for the negative inputs, and z is the sum of
/// the part's contributions and its bias, stabilised. What they give is proportional to x, so that they give
/// a multiplier without a division by x. Where no input is negative, the half for negative inputs is skipped.
class SignRule : public Rule {
 public:
  std::string rejects(const Op& op) const final;
  Needs needs(const Op& op) const final;
  bool reaches(const Op& op, int i) const final { return i == 0; }
  std::optional<SignalKind> takes(const Op&) const final { return SignalKind::relevance; }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const final;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const final;

 protected:
  using Change = std::function<Tensor(const Tensor&)>;
  /// Which outputs a part is for, by the sign of the layer's output.
  enum class Outputs { all, positive, negative };
  struct Part {
    double factor;
    Change positive, negative;  ///< of the weights, for the positive and for the negative inputs
    Outputs outputs = Outputs::all;
  };
  struct Settings {
    std::vector<Part> parts;
    double stabilizer = 1e-6;
    double threshold = 0;  ///< an output above it is positive
    bool zero_bias = false;
  };

  explicit SignRule(Settings settings) : settings_(std::move(settings)) {}

 private:
  struct Divided;
  Divided divide(const Op& op, const Part& part, const Kept& kept, const Tensor& relevance) const;
  /// 1 where the part is for an output, else 0; undefined for all.
  Tensor mask(const Part& part, const Kept& kept) const;

  Settings settings_;
};

struct ZPlusParameters {
  double stabilizer = 1e-6;
  bool zero_bias = false;
};

/// Only what raises the output counts: R_i = sum_j (x_i w_ij)^+ / sum_i (x_i w_ij)^+ R_j, negative inputs
/// with negative weights and a positive bias included (Montavon et al. 2017,
/// doi:10.1016/j.patcog.2016.11.008; alpha-beta with 1 and 0). Conserves but for bias and stabiliser.
class ZPlus final : public SignRule {
 public:
  using ParameterStruct = ZPlusParameters;
  /// Throws UserError for a negative stabilizer.
  explicit ZPlus(ZPlusParameters parameters = {});
  std::string_view name() const override { return "z-plus"; }
  Json parameters() const override { return to_json_value(parameters_); }

 private:
  ZPlusParameters parameters_;
};

struct AlphaBetaParameters {
  double alpha = 2;
  double beta = 1;
  double stabilizer = 1e-6;
  bool zero_bias = false;
};

/// alpha times the positive contributions minus beta times the negative ones, each normalised by itself (Bach
/// et al. 2015, eq. 60). alpha - beta = 1. Conserves but for bias and stabiliser.
class AlphaBeta final : public SignRule {
 public:
  using ParameterStruct = AlphaBetaParameters;
  /// Throws UserError unless alpha and beta are at least 0 and differ by 1, and for a negative stabilizer.
  explicit AlphaBeta(AlphaBetaParameters parameters = {});
  std::string_view name() const override { return "alpha-beta"; }
  Json parameters() const override { return to_json_value(parameters_); }

 private:
  AlphaBetaParameters parameters_;
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
class Gamma final : public SignRule {
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
class GeneralizedGamma final : public SignRule {
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
