// z-plus, alpha-beta, gamma and generalized gamma against the sums of their papers, element by element.
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/norms.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/rules/gamma.h>
#include <lrpp/rules/sign_rules.h>
#include <lrpp/tests/rules/oracle.h>

namespace lrpp::rules {
namespace {

using namespace lrpp::testing;

double stabilized(double z, double epsilon) { return z + epsilon * sign(z); }

TEST(ZPlusRule, IsTheSumOfThePaper) {
  const LinearCase c;
  const ops::Linear layer(c.w, c.b);
  const auto raises = [](double x, double w) { return positive(x * w); };
  const Tensor expected = c.shared([&](int64_t n, int64_t i, int64_t j) {
    return raises(c.X(n, i), c.W(j, i)) / stabilized(c.sum(n, j, raises) + positive(c.B(j)), 1e-6);
  });
  EXPECT_LT(relative_difference(relevance_at_inputs(ZPlus(), layer, {c.x}, c.out)[0], expected),
            rule_tolerance);
  expect_claims_balance(ZPlus(), layer, {c.x});
  expect_claims_balance(ZPlus({0.1, /*zero_bias=*/true}), layer, {c.x});
}

TEST(AlphaBetaRule, IsTheSumOfThePaper) {
  const LinearCase c;
  const ops::Linear layer(c.w, c.b);
  const auto raises = [](double x, double w) { return positive(x * w); };
  const auto lowers = [](double x, double w) { return negative(x * w); };
  const Tensor expected = c.shared([&](int64_t n, int64_t i, int64_t j) {
    const double up = raises(c.X(n, i), c.W(j, i)) / stabilized(c.sum(n, j, raises) + positive(c.B(j)), 1e-6);
    const double down =
        lowers(c.X(n, i), c.W(j, i)) / stabilized(c.sum(n, j, lowers) + negative(c.B(j)), 1e-6);
    return 2 * up - 1 * down;
  });
  EXPECT_LT(relative_difference(relevance_at_inputs(AlphaBeta(), layer, {c.x}, c.out)[0], expected),
            rule_tolerance);
  expect_claims_balance(AlphaBeta(), layer, {c.x});
  expect_claims_balance(AlphaBeta({1.1, 0.1, 0.01, false}), layer, {c.x});
}

/// Contributions of the output's own sign count 1 + gamma times.
Tensor gamma_oracle(const LinearCase& c, double gamma, double epsilon) {
  return c.shared([&](int64_t n, int64_t i, int64_t j) {
    const double y = c.sum(n, j, [](double x, double w) { return x * w; }) + c.B(j);
    const auto count = [&](double x, double w) { return x * w * (x * w * y > 0 ? 1 + gamma : 1); };
    const double bias = c.B(j) * (c.B(j) * y > 0 ? 1 + gamma : 1);
    return count(c.X(n, i), c.W(j, i)) / stabilized(c.sum(n, j, count) + bias, epsilon);
  });
}

TEST(GammaRule, IsTheSumOfThePaper) {
  const LinearCase c;
  const ops::Linear layer(c.w, c.b);
  for (const double gamma : {0.0, 0.25, 100.0}) {
    const Gamma rule({gamma, 1e-6, false});
    EXPECT_LT(
        relative_difference(relevance_at_inputs(rule, layer, {c.x}, c.out)[0], gamma_oracle(c, gamma, 1e-6)),
        rule_tolerance);
    expect_claims_balance(rule, layer, {c.x});
  }
}

TEST(GammaRule, AnOutputOfExactlyZeroPassesNothingAndTheLedgerSaysSo) {
  const ops::Linear layer(at::eye(2, at::kDouble));
  const Tensor x = at::tensor({0.0, 2.0}, at::kDouble).unsqueeze(0), out = at::ones_like(x);
  const Tensors outputs = layer.forward({x});
  const Kept kept = Kept::all({x}, outputs);
  const Gamma rule;
  const Tensors in = rule.propagate(layer, kept, {out});
  EXPECT_EQ(in[0][0][0].item<double>(), 0);
  const Tensors signals{out};
  const Absorbed a = rule.absorbed(layer, kept, {SignalKind::relevance, SignalKind::multiplier, signals, in});
  EXPECT_DOUBLE_EQ(a.by_rule.item<double>(), 1);
}

TEST(GeneralizedGammaRule, IsGammaWithoutStabilizer) {
  const LinearCase c;
  const ops::Linear layer(c.w, c.b);
  const GeneralizedGamma rule;
  EXPECT_LT(relative_difference(relevance_at_inputs(rule, layer, {c.x}, c.out)[0], gamma_oracle(c, 0.25, 0)),
            rule_tolerance);
  expect_claims_balance(rule, layer, {c.x});
}

TEST(SignRules, NeedWeightsWithASign) {
  EXPECT_EQ(ZPlus().rejects(ops::Linear(random({2, 3}))), "");
  EXPECT_NE(ZPlus().rejects(ops::Relu()), "");
  EXPECT_NE(ZPlus().rejects(ops::Add()), "");
  EXPECT_NE(Gamma().rejects(ops::RmsNorm(random({3}))), "") << "its view has no weight matrix";
}

TEST(SignRules, ParametersAreChecked) {
  expect_user_error([] { ZPlus({-1, false}); }, {"rule z-plus", "stabilizer", "-1"});
  expect_user_error([] { AlphaBeta({2, 0.5, 1e-6, false}); }, {"alpha - beta must be 1", "2 - 0.5"});
  expect_user_error([] { AlphaBeta({0, -1, 1e-6, false}); }, {"beta", "-1"});
  expect_user_error([] { Gamma({-0.1, 1e-6, false}); }, {"rule gamma", "gamma must be at least 0"});
  expect_user_error([] { GeneralizedGamma({0.25, -1, 0}); }, {"rule generalized-gamma", "threshold"});
}

}  // namespace
}  // namespace lrpp::rules
