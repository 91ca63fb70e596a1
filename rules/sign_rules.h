#pragma once

#include <lrpp/framework/rule.h>

#include <vector>

namespace lrpp::rules {

/// Base of rules that treat contributions that raise an output and those that lower it apart. Each is a sum
/// of one or two parts,
///   R_i = sum over parts of factor * sum_j (v_ij x_i) / z_j R_j,
/// where v are the weights that raise (or lower) with a positive or a negative input, and z is the sum of the
/// part's contributions and its bias, stabilised. What they give is proportional to x, so that they give a
/// multiplier without a division by x. Where no input is negative, the products for negative inputs are
/// skipped, and so is a part whose factor is 0.
class SignRule : public Rule {
 public:
  std::string rejects(const Op& op) const final;
  Needs needs(const Op& op) const final;
  bool reaches(const Op& op, int i) const final { return i == 0; }
  std::optional<SignalKind> takes(const Op&) const final { return SignalKind::relevance; }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const final;
  Absorbed absorbed(const Op& op, const Kept& all, const Passage& passage) const final;

 protected:
  /// alpha times what raises minus beta times what lowers.
  SignRule(double alpha, double beta, double stabilizer, bool zero_bias);

 private:
  struct Part {
    double factor;
    bool raising;
  };
  class Halves;
  struct Divided;
  Divided divide(const Halves& halves, const Part& part, const Tensor& relevance) const;

  std::vector<Part> parts_;
  double stabilizer_;
  bool zero_bias_;
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

}  // namespace lrpp::rules
