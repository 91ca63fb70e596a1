// Every rule against a slow oracle, written the way its paper writes it: relevance, element by element.
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/norms.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/rules/constant_norm.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/rules/hold.h>
#include <lrpp/rules/identity.h>
#include <lrpp/rules/pass.h>
#include <lrpp/rules/uniform.h>
#include <lrpp/tests/rules/oracle.h>

#include <cmath>

namespace lrpp {
namespace {

using testing::expect_user_error;
using testing::random;
using testing::relative_difference;

constexpr double tolerance = testing::rule_tolerance;
using testing::expect_claims_balance;
using testing::sign;

Tensors relevance(const Rule& rule, const Op& op, const Tensors& inputs, const Tensor& out) {
  return testing::relevance_at_inputs(rule, op, inputs, out);
}

TEST(EpsilonRule, IsTheSumOfThePaper) {
  const Tensor x = random({2, 6}, 1), w = random({4, 6}, 2), b = random({4}, 3), out = random({2, 4}, 4);
  for (const double epsilon : {0.0, 1e-6, 0.25}) {
    for (const Tensor& bias : {Tensor(), b}) {
      Tensor expected = at::zeros({2, 6}, at::kDouble);
      for (int64_t n = 0; n < 2; ++n) {
        for (int64_t j = 0; j < 4; ++j) {
          double z = bias.defined() ? b[j].item<double>() : 0;
          for (int64_t i = 0; i < 6; ++i) z += x[n][i].item<double>() * w[j][i].item<double>();
          for (int64_t i = 0; i < 6; ++i) {
            expected[n][i] += x[n][i].item<double>() * w[j][i].item<double>() / (z + epsilon * sign(z)) *
                              out[n][j].item<double>();
          }
        }
      }
      const ops::Linear op(w, bias);
      const rules::Epsilon rule({epsilon});
      EXPECT_LT(relative_difference(relevance(rule, op, {x}, out)[0], expected), tolerance);
      expect_claims_balance(rule, op, {x});
    }
  }
  expect_user_error([] { rules::Epsilon({-0.1}); }, {"at least 0", "-0.1"});
}

TEST(EpsilonRule, OnASumSharesByContribution) {
  const Tensor a = random({2, 3}, 1), b = random({2, 3}, 2), out = random({2, 3}, 3);
  const auto got = relevance(rules::Epsilon({0.1}), ops::Add(), {a, b}, out);
  const Tensor z = a + b;
  const Tensor denominator = z + 0.1 * at::where(z >= 0, at::ones_like(z), -at::ones_like(z));
  EXPECT_LT(relative_difference(got[0], a / denominator * out), tolerance);
  EXPECT_LT(relative_difference(got[1], b / denominator * out), tolerance);
  expect_claims_balance(rules::Epsilon({0.1}), ops::Add(), {a, b});
}

TEST(IdentityRule, PassesRelevanceAndLosesOnlyWhatTheStabilizerTakes) {
  const Tensor x = random({3, 5}, 1), out = random({3, 5}, 2);
  const ops::Silu op;
  EXPECT_LT(relative_difference(relevance(rules::Identity(), op, {x}, out)[0], out), tolerance);
  // The authors' code: x * (f(x) / (x + 1e-6 sign x)), of which the quotient is held constant.
  const Tensor stabilized = relevance(rules::Identity({1e-6}), op, {x}, out)[0];
  EXPECT_LT(relative_difference(stabilized, out * x / (x + 1e-6 * x.sign())), tolerance);
  expect_claims_balance(rules::Identity(), op, {x});
  expect_claims_balance(rules::Identity({0.3}), op, {x});
  EXPECT_NE(rules::Identity().rejects(ops::Softplus()), "");
  EXPECT_NE(rules::Identity().rejects(ops::Add()), "");
  expect_user_error([] { rules::Identity({-1}); }, {"at least 0"});
}

TEST(ConstantNormRule, IsTheEpsilonRuleOfTheNormWithItsStatisticHeld) {
  const Tensor x = random({2, 6}, 1), w = random({6}, 2), b = random({6}, 3), out = random({2, 6}, 4);
  const ops::RmsNorm rms(w);
  // y_i = w_i x_i / rms: one contribution each, so that R passes through.
  EXPECT_LT(relative_difference(relevance(rules::ConstantNorm(), rms, {x}, out)[0], out), tolerance);
  // y_j = w_j (x_j - mean x) / std + b_j: x_i contributes w_j (delta_ij - 1/D) x_i / std to y_j.
  const ops::LayerNorm layer(w, b);
  const Tensor std = (x.var(-1, false, true) + 1e-5).sqrt(), y = layer.forward({x})[0];
  Tensor expected = at::zeros_like(x);
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t i = 0; i < 6; ++i) {
      for (int64_t j = 0; j < 6; ++j) {
        const Tensor share = w[j] * ((i == j ? 1.0 : 0.0) - 1.0 / 6) * x[n][i] / std[n][0] / y[n][j];
        expected[n][i] += (share * out[n][j]).item<double>();
      }
    }
  }
  EXPECT_LT(relative_difference(relevance(rules::ConstantNorm(), layer, {x}, out)[0], expected), tolerance);
  EXPECT_LT(relative_difference(relevance(rules::LnRule(), layer, {x}, out)[0], expected), tolerance);
  expect_claims_balance(rules::ConstantNorm(), rms, {x});
  expect_claims_balance(rules::ConstantNorm(), layer, {x});
  EXPECT_NE(rules::ConstantNorm().rejects(ops::Silu()), "");
}

TEST(HalfRule, GivesHalfToEachFactor) {
  const Tensor a = random({2, 3}, 1), b = random({2, 3}, 2), out = random({2, 3}, 3);
  const auto got = relevance(rules::Half(), ops::Gate(), {a, b}, out);
  EXPECT_LT(relative_difference(got[0], out / 2), tolerance);
  EXPECT_LT(relative_difference(got[1], out / 2), tolerance);
  expect_claims_balance(rules::Half(), ops::Gate(), {a, b});
  EXPECT_NE(rules::Half().rejects(ops::Add()), "");
}

TEST(HoldRule, GivesEverythingToTheOtherFactor) {
  const Tensor a = random({2, 3}, 1), b = random({2, 3}, 2), out = random({2, 3}, 3);
  const auto held_gate = relevance(rules::Hold(), ops::Gate(), {a, b}, out);
  EXPECT_LT(relative_difference(held_gate[0], out), tolerance);
  EXPECT_FALSE(held_gate[1].defined());
  const auto held_branch = relevance(rules::Hold({0}), ops::Gate(), {a, b}, out);
  EXPECT_FALSE(held_branch[0].defined());
  EXPECT_LT(relative_difference(held_branch[1], out), tolerance);
  expect_claims_balance(rules::Hold(), ops::Gate(), {a, b});
  expect_user_error([] { rules::Hold({2}); }, {"0 or 1", "2"});
  EXPECT_NE(rules::Hold().rejects(ops::Silu()), "");
}

TEST(PassRule, ReachesZeros) {
  const Tensor x = at::zeros({2, 3}, at::kDouble), out = random({2, 3}, 1);
  EXPECT_TRUE(relevance(rules::Pass(), ops::Tanh(), {x}, out)[0].equal(out));
  EXPECT_NE(rules::Pass().rejects(ops::Add()), "");
  EXPECT_NE(rules::Pass().rejects(ops::Linear(random({2, 3}))), "");
}

TEST(UniformRule, SharesEquallyWhateverTheValues) {
  const Tensor a = random({2, 3}, 1), b = at::zeros({1, 3}, at::kDouble), out = random({2, 3}, 2);
  for (const OpPtr& op : {OpPtr(std::make_shared<ops::Add>()), OpPtr(std::make_shared<ops::Mul>())}) {
    const auto got = relevance(rules::Uniform(), *op, {a, b}, out);
    EXPECT_LT(relative_difference(got[0], out / 2), tolerance);
    EXPECT_LT(relative_difference(got[1], out.sum(0, true) / 2), tolerance)
        << "a broadcast input gets all its shares";
  }
  EXPECT_NE(rules::Uniform().rejects(ops::Silu()), "");
}

TEST(GradientRule, IsGradientTimesInput) {
  const Tensor x = random({2, 3}, 1), out = random({2, 3}, 2);
  const Tensor s = x.sigmoid(), y = x * s;
  const Tensor slope = s + x * s * (1 - s);
  EXPECT_LT(relative_difference(relevance(rules::Gradient(), ops::Silu(), {x}, out)[0], x * slope * out / y),
            tolerance);
  expect_claims_balance(rules::Gradient(), ops::Silu(), {x});
  expect_claims_balance(rules::Gradient(), ops::Linear(random({4, 3}), random({4})), {x});
  expect_claims_balance(rules::Gradient(), ops::Gate(), {x, random({2, 3}, 3)});
}

}  // namespace
}  // namespace lrpp
