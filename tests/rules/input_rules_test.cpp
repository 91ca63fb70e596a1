// flat, w-square and z-box against the sums of their papers, element by element.
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/rules/input_rules.h>
#include <lrpp/tests/rules/oracle.h>

namespace lrpp::rules {
namespace {

using namespace lrpp::testing;

TEST(FlatRule, SharesEquallyAndReachesZeros) {
  LinearCase c;
  c.x[1][2] = 0;
  const ops::Linear layer(c.w, c.b);
  const Tensor expected = c.shared([&](int64_t, int64_t, int64_t) { return 1 / (6 + 1e-6); });
  EXPECT_LT(relative_difference(relevance_at_inputs(Flat(), layer, {c.x}, c.out)[0], expected),
            rule_tolerance);
  expect_claims_balance(Flat(), layer, {c.x});
}

TEST(WSquareRule, IsTheSumOfThePaper) {
  const LinearCase c;
  const ops::Linear layer(c.w, c.b);
  const Tensor expected = c.shared([&](int64_t n, int64_t i, int64_t j) {
    const double z = c.sum(n, j, [](double, double w) { return w * w; }) + c.B(j) * c.B(j);
    return c.W(j, i) * c.W(j, i) / (z + 1e-6);
  });
  EXPECT_LT(relative_difference(relevance_at_inputs(WSquare(), layer, {c.x}, c.out)[0], expected),
            rule_tolerance);
  expect_claims_balance(WSquare(), layer, {c.x});
  expect_claims_balance(WSquare({1e-3, /*zero_bias=*/true}), layer, {c.x});
}

TEST(ZBoxRule, IsTheSumOfThePaper) {
  const LinearCase c;
  const ops::Linear layer(c.w, c.b);
  const std::vector<double> low{-3, -3.5, -4, -3, -3, -5}, high{3, 4, 5, 3.5, 3, 4};
  const auto share = [&](int64_t n, int64_t i, int64_t j) {
    const auto k = static_cast<size_t>(i);
    return c.X(n, i) * c.W(j, i) - low[k] * positive(c.W(j, i)) - high[k] * negative(c.W(j, i));
  };
  const Tensor expected = c.shared([&](int64_t n, int64_t i, int64_t j) {
    double z = 0;
    for (int64_t k = 0; k < 6; ++k) z += share(n, k, j);
    return share(n, i, j) / (z + 1e-6 * sign(z));
  });
  const ZBox rule({low, high, 1e-6});
  EXPECT_LT(relative_difference(relevance_at_inputs(rule, layer, {c.x}, c.out)[0], expected), rule_tolerance);
  expect_claims_balance(rule, layer, {c.x});
  expect_claims_balance(ZBox({{-5}, {5}, 1e-6}), layer, {c.x});
}

TEST(InputRules, ParametersAreChecked) {
  expect_user_error([] { Flat({0}); }, {"rule flat", "above 0", "0"});
  expect_user_error([] { WSquare({-1, false}); }, {"rule w-square", "-1"});
  expect_user_error([] { ZBox({{1}, {}, 1e-6}); }, {"rule z-box", "as many numbers", "1 and 0"});
  EXPECT_NE(ZBox().rejects(ops::Linear(random({2, 3}))).find("needs the bounds"), std::string::npos);
  expect_user_error([] { ZBox({{1}, {0}, 1e-6}); }, {"low must not be above high", "1 and 0"});
  const ops::Linear layer(random({2, 3}));
  expect_user_error(
      [&] {
        relevance_at_inputs(ZBox({{0, 0}, {1, 1}, 1e-6}), layer, {random({1, 3})}, random({1, 2}));
      },
      {"each of the 3 channels", "2"});
  EXPECT_NE(Flat().rejects(ops::Relu()), "");
}

}  // namespace
}  // namespace lrpp::rules
