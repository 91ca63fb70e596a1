#include <lrpp/framework/ops/activations.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

#include <cmath>
#include <numbers>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::random;

/// Float64 rounding of one transcendental function and its derivative.
constexpr double tolerance = 1e-12;

const std::vector<std::vector<int64_t>> shapes{{1, 6}, {3, 1}, {2, 5, 6}, {1, 1, 1}, {2, 3, 4, 5}};

struct Case {
  std::shared_ptr<const Activation> op;
  std::function<Tensor(const Tensor&)> oracle;  ///< from elementary functions
};

std::vector<Case> cases() {
  const auto sigmoid = [](const Tensor& x) { return 1 / (1 + (-x).exp()); };
  return {
      {std::make_shared<ops::Relu>(), [](const Tensor& x) { return at::where(x > 0, x, x * 0); }},
      {std::make_shared<ops::Silu>(), [=](const Tensor& x) { return x * sigmoid(x); }},
      {std::make_shared<ops::Gelu>(),
       [](const Tensor& x) { return 0.5 * x * (1 + (x / std::numbers::sqrt2).erf()); }},
      {std::make_shared<ops::Gelu>(ops::GeluAttributes{"tanh"}),
       [](const Tensor& x) {
         return 0.5 * x * (1 + (std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x.pow(3))).tanh());
       }},
      {std::make_shared<ops::Tanh>(),
       [](const Tensor& x) { return (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()); }},
      {std::make_shared<ops::SoftCap>(ops::SoftCapAttributes{3}),
       [](const Tensor& x) { return 3 * (1 - 2 / ((2 * x / 3).exp() + 1)); }},
      {std::make_shared<ops::QuickGelu>(), [=](const Tensor& x) { return x * sigmoid(1.702 * x); }},
      {std::make_shared<ops::Relu2>(), [](const Tensor& x) { return at::where(x > 0, x * x, x * 0); }},
      {std::make_shared<ops::Sigmoid>(), sigmoid},
      {std::make_shared<ops::Clamp>(ops::ClampAttributes{0.5, 2}),
       [](const Tensor& x) { return at::where(x < 0.5, x * 0 + 0.5, at::where(x > 2, x * 0 + 2, x)); }},
      {std::make_shared<ops::Softplus>(), [](const Tensor& x) { return (1 + x.exp()).log(); }},
  };
}

TEST(Activations, AgainstAutograd) {
  for (const Case& c : cases()) {
    for (const auto& shape : shapes) {
      SCOPED_TRACE(c.op->type());
      check_against_autograd(
          *c.op, [&](const Tensors& in) -> Tensors { return {c.oracle(in[0])}; }, {2 * random(shape, 3)},
          tolerance);
    }
  }
}

TEST(Activations, TheFactorIsTheQuotientWithItsLimitAtZero) {
  const Tensor x = at::tensor({-30.0, -3.0, -0.5, -1e-3, 1e-5, 1e-3, 0.5, 3.0, 30.0}, at::kDouble);
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.op->type());
    if (!c.op->has_factor()) {
      EXPECT_NE(c.oracle(at::zeros({1}, at::kDouble)).item<double>(), 0) << "only f(0) != 0 has no limit";
      continue;
    }
    EXPECT_LT(testing::relative_difference(c.op->factor(x) * x, c.op->forward({x})[0]), tolerance);
    const double at_zero = c.op->factor(at::zeros({1}, at::kDouble)).item<double>();
    const double below = 1e-7;  // f(x)/x is smooth there, so that it is off by about 1e-7 from its limit
    if (c.op->type() != "relu") {
      const double near = (c.oracle(at::full({1}, below, at::kDouble)) / below).item<double>();
      EXPECT_NEAR(at_zero, near, 1e-6);
    }
  }
}

TEST(Activations, FactorsAreFiniteEverywhere) {
  const Tensor x = at::tensor({0.0, -0.0, 1e-320, -1e-320, 1e-160, 700.0, -700.0}, at::kDouble);
  for (const Case& c : cases()) {
    if (!c.op->has_factor()) continue;
    SCOPED_TRACE(c.op->type());
    EXPECT_TRUE(c.op->factor(x).isfinite().all().item<bool>());
  }
}

TEST(Gelu, ApproximationIsChecked) {
  testing::expect_user_error([] { ops::Gelu({"fast"}); }, {"'none' or 'tanh'", "'fast'"});
}

TEST(Clamp, LimitsAreChecked) {
  testing::expect_user_error([] { ops::Clamp({2, 1}); }, {"min must not be above max", "2", "1"});
  EXPECT_EQ(ops::Clamp({0.5}).forward({at::tensor({1e300}, at::kDouble)})[0].item<double>(), 1e300);
}

TEST(SoftCap, CapIsChecked) {
  testing::expect_user_error([] { ops::SoftCap({0}); }, {"cap must be positive", "0"});
}

}  // namespace
}  // namespace lrpp
