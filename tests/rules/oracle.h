#pragma once

#include <lrpp/framework/rule.h>
#include <lrpp/tests/support/testing.h>

#include <functional>

namespace lrpp::testing {

/// Float64 rounding; the oracles divide where the rules do not.
inline constexpr double rule_tolerance = 1e-11;

/// The kinds that a rule takes and gives; multiplier for rules that carry either kind.
SignalKind taken_kind(const Rule& rule, const Op& op);
SignalKind given_kind(const Rule& rule, const Op& op);

/// The relevance at each input for this relevance at output 0.
Tensors relevance_at_inputs(const Rule& rule, const Op& op, const Tensors& inputs, const Tensor& out);

/// What the rule claims to have absorbed must be what is missing, to rounding.
void expect_claims_balance(const Rule& rule, const Op& op, const Tensors& inputs);

inline double sign(double x) { return x >= 0 ? 1 : -1; }
inline double positive(double x) { return x > 0 ? x : 0; }
inline double negative(double x) { return x < 0 ? x : 0; }

/// A linear layer's x [B,I], w [O,I], b [O] and relevance [B,O] as plain numbers, and the sum over outputs
/// that papers write: R_i = sum_j share(i, j) R_j for one example.
struct LinearCase {
  Tensor x = random({3, 6}, 1), w = random({4, 6}, 2), b = random({4}, 3), out = random({3, 4}, 4);

  double X(int64_t n, int64_t i) const { return x[n][i].item<double>(); }
  double W(int64_t j, int64_t i) const { return w[j][i].item<double>(); }
  double B(int64_t j) const { return b[j].item<double>(); }
  /// sum over inputs of `term(x_i, w_ji)`.
  double sum(int64_t n, int64_t j, const std::function<double(double, double)>& term) const;
  /// The relevance [B,I] whose entry is sum over j of `share(n, i, j)` R_j.
  Tensor shared(const std::function<double(int64_t n, int64_t i, int64_t j)>& share) const;
};

}  // namespace lrpp::testing
