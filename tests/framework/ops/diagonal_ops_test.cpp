// Ops that multiply element by element with constants: batch norm, layer scale, and dropout with its constant
// of one.
#include <lrpp/framework/ops/batch_norm.h>
#include <lrpp/framework/ops/dropout.h>
#include <lrpp/framework/ops/scale.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::check_linear_view;
using testing::expect_user_error;
using testing::random;
using testing::relative_difference;

/// A few float64 operations an element.
constexpr double tolerance = 1e-13;

const std::vector<std::vector<int64_t>> shapes{{2, 3}, {1, 3, 5}, {2, 3, 4, 5}, {1, 3, 1, 1}};

TEST(BatchNorm, AgainstAutograd) {
  const Tensor mean = random({3}, 1), variance = random({3}, 2).square() + 0.1;
  for (const Tensor& weight : {Tensor(), random({3}, 3)}) {
    for (const Tensor& bias : {Tensor(), random({3}, 4)}) {
      const ops::BatchNorm op(weight, bias, mean, variance, {1e-3});
      for (const auto& shape : shapes) {
        SCOPED_TRACE(shape_string(shape));
        const auto oracle = [&](const Tensors& in) -> Tensors {
          Tensor y = (in[0].movedim(1, -1) - mean) / (variance + 1e-3).sqrt();
          if (weight.defined()) y = y * weight;
          if (bias.defined()) y = y + bias;
          return {y.movedim(-1, 1)};
        };
        check_against_autograd(op, oracle, {random(shape, 5)}, tolerance);
        check_linear_view(op, oracle, {random(shape, 5)}, 0, tolerance);
      }
    }
  }
}

TEST(BatchNorm, ModifiedWeightsAreThoseOfItsDiagonal) {
  const ops::BatchNorm op(random({3}, 1), random({3}, 2), random({3}, 3), random({3}, 4).square() + 0.1);
  const Tensor x = random({2, 3, 2, 2}, 5);
  const auto view = op.linear_map(Kept::all({x}, op.forward({x})), 0);
  const auto positive = view->with_weights([](const Tensor& w) { return w.clamp_min(0); });
  const Tensor gain = op.gain().reshape({3, 1, 1});
  EXPECT_LT(relative_difference(view->apply(x), x * gain), tolerance);
  EXPECT_LT(relative_difference(positive->apply(x), x * gain.clamp_min(0)), tolerance);
  EXPECT_TRUE(op.has_explicit_weights());
  EXPECT_TRUE(op.keeps_shape());
}

TEST(BatchNorm, KeepsItsStatisticsWiderThanTheData) {
  const Tensor weight = random({3}, 1).to(at::kFloat),
               variance = random({3}, 2).square().to(at::kFloat) + 0.1;
  const ops::BatchNorm op(weight, {}, random({3}, 3).to(at::kFloat), variance);
  const Tensor x = random({2, 3, 4, 4}, 4).to(at::kBFloat16);
  const Tensor y = op.forward({x})[0];
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  const auto view = op.linear_map(Kept::all({x}, {y}), 0);
  EXPECT_EQ(view->transpose(y).scalar_type(), at::kBFloat16);
  // One rounding to bfloat16, which has 8 bits: 2^-9 of each value at most.
  EXPECT_LT(relative_difference(
                y, (x.to(at::kFloat) * op.gain().reshape({3, 1, 1}) + op.shift().reshape({3, 1, 1}))),
            4e-3);
}

TEST(BatchNorm, IsChecked) {
  const Tensor mean = random({3}), variance = at::ones({3}, at::kDouble);
  expect_user_error([&] { ops::BatchNorm({}, {}, mean.reshape({1, 3}), variance); }, {"[C]", "[1, 3]"});
  expect_user_error([&] { ops::BatchNorm({}, {}, mean, at::ones({4})); }, {"[3]", "[4]"});
  expect_user_error([&] { ops::BatchNorm(at::ones({2}), {}, mean, variance); }, {"[3]", "[2]"});
  expect_user_error([&] { ops::BatchNorm({}, {}, mean, -variance); }, {"positive", "-0.99999"});
  const ops::BatchNorm op({}, {}, mean, variance);
  expect_user_error([&] { op.forward({random({2, 4, 2, 2})}); }, {"[B, 3, ...]", "[2, 4, 2, 2]"});
}

TEST(Scale, AgainstAutograd) {
  const Tensor weight = random({4}, 1);
  for (const auto& [dim, shape] : std::vector<std::pair<int64_t, std::vector<int64_t>>>{
           {-1, {2, 3, 5, 4}}, {1, {2, 4, 3, 5}}, {-2, {1, 4, 1}}, {1, {3, 4}}, {0, {4}}}) {
    const ops::Scale op(weight, {dim});
    SCOPED_TRACE(shape_string(shape));
    const auto oracle = [&, d = dim](const Tensors& in) -> Tensors {
      return {(in[0].movedim(d, -1) * weight).movedim(-1, d)};
    };
    check_against_autograd(op, oracle, {random(shape, 2)}, tolerance);
    check_linear_view(op, oracle, {random(shape, 2)}, 0, tolerance);
    const Tensor x = random(shape, 2);
    const auto view = op.linear_map(Kept::all({x}, op.forward({x})), 0);
    const Tensor magnitude = view->with_weights([](const Tensor& w) { return w.abs(); })->apply(x);
    EXPECT_LT(relative_difference(magnitude, ops::Scale(weight.abs(), {dim}).forward({x})[0]), tolerance);
  }
}

TEST(Scale, IsChecked) {
  expect_user_error([] { ops::Scale(random({2, 2})); }, {"[D]", "[2, 2]"});
  const ops::Scale op(random({4}), {1});
  expect_user_error([&] { op.forward({random({2, 3, 4})}); }, {"dimension 1", "size 4", "[2, 3, 4]"});
  expect_user_error([&] { op.forward({random({4})}); }, {"dimension 1", "[4]"});
}

TEST(Dropout, PassesEverything) {
  const ops::Dropout op({0.3});
  check_against_autograd(
      op, [](const Tensors& in) -> Tensors { return {in[0] * 1}; }, {random({2, 3, 4})}, tolerance);
  EXPECT_TRUE(op.routes() && op.keeps_shape());
  EXPECT_EQ(op.attributes().dump(), R"({"p":0.3})");
}

}  // namespace
}  // namespace lrpp
