#include <lrpp/framework/ops/embedding.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/norms.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

#include <cmath>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::check_linear_view;
using testing::expect_user_error;
using testing::random;

/// Float64 rounding over sums of at most a few hundred terms.
constexpr double tolerance = 1e-12;

const std::vector<std::vector<int64_t>> shapes{{1, 6}, {3, 6}, {2, 5, 6}, {1, 1, 6}, {4, 7, 6}};

TEST(Linear, AgainstAutograd) {
  const Tensor weight = random({4, 6}, 1), bias = random({4}, 2);
  for (const auto& shape : shapes) {
    for (const Tensor& b : {Tensor(), bias}) {
      const ops::Linear op(weight, b);
      const auto oracle = [&](const Tensors& in) -> Tensors {
        const Tensor y = in[0].matmul(weight.t());
        return {b.defined() ? y + b : y};
      };
      check_against_autograd(op, oracle, {random(shape, 3)}, tolerance);
      check_linear_view(op, oracle, {random(shape, 3)}, 0, tolerance);
    }
  }
}

TEST(Linear, ModifiedWeights) {
  const Tensor weight = random({4, 6}, 1);
  const ops::Linear op(weight);
  const Tensor x = random({3, 6}, 2);
  const auto view = op.linear_map(Kept::all({x}, op.forward({x})), 0)->with_weights([](const Tensor& w) {
    return w.abs();
  });
  EXPECT_LT(testing::relative_difference(view->apply(x), x.matmul(weight.abs().t())), tolerance);
}

TEST(Linear, ShapesAreChecked) {
  expect_user_error([] { ops::Linear(random({4})); }, {"[O, I]", "[4]"});
  expect_user_error([] { ops::Linear(random({4, 6}), random({6})); }, {"bias must have shape [4]", "[6]"});
}

TEST(RmsNorm, AgainstAutograd) {
  const Tensor weight = random({6}, 1);
  const ops::RmsNorm op(weight, {1e-5});
  const auto rms = [](const Tensor& x) { return (x.square().mean(-1, true) + 1e-5).sqrt(); };
  for (const auto& shape : shapes) {
    const Tensors inputs{random(shape, 2)};
    check_against_autograd(
        op, [&](const Tensors& in) -> Tensors { return {in[0] / rms(in[0]) * weight}; }, inputs, tolerance);
    check_linear_view(
        op, [&](const Tensors& in) -> Tensors { return {in[0] / rms(in[0]).detach() * weight}; }, inputs, 0,
        tolerance);
  }
}

TEST(RmsNorm, OfGroupsAgainstAutograd) {
  const Tensor weight = random({6}, 1);
  const ops::RmsNorm op(weight, {.eps = 1e-5, .groups = 3});
  const auto norm = [&](const Tensor& x, bool hold) {
    const Tensor parts = x.reshape({x.size(0), x.size(1), 3, 2});
    const Tensor rms = (parts.square().mean(-1, true) + 1e-5).sqrt();
    return (parts / (hold ? rms.detach() : rms)).reshape(x.sizes()) * weight;
  };
  const Tensors inputs{random({2, 5, 6}, 2)};
  check_against_autograd(
      op, [&](const Tensors& in) -> Tensors { return {norm(in[0], false)}; }, inputs, tolerance);
  check_linear_view(
      op, [&](const Tensors& in) -> Tensors { return {norm(in[0], true)}; }, inputs, 0, tolerance);
  testing::expect_user_error([&] { ops::RmsNorm(weight, {.groups = 4}); }, {"6 entries", "4 equal groups"});
}

TEST(LayerNorm, AgainstAutograd) {
  const Tensor weight = random({6}, 1);
  for (const Tensor& bias : {Tensor(), random({6}, 2)}) {
    const ops::LayerNorm op(weight, bias, {1e-5});
    const auto std = [](const Tensor& x) {
      return (x.var(-1, /*unbiased=*/false, /*keepdim=*/true) + 1e-5).sqrt();
    };
    const auto finish = [&](const Tensor& y) -> Tensors {
      return {bias.defined() ? y * weight + bias : y * weight};
    };
    for (const auto& shape : shapes) {
      const Tensors inputs{random(shape, 3)};
      check_against_autograd(
          op, [&](const Tensors& in) { return finish((in[0] - in[0].mean(-1, true)) / std(in[0])); }, inputs,
          tolerance);
      check_linear_view(
          op, [&](const Tensors& in) { return finish((in[0] - in[0].mean(-1, true)) / std(in[0]).detach()); },
          inputs, 0, tolerance);
    }
  }
}

TEST(Norm, AnOffsetIsAddedToTheWeight) {
  const Tensor weight = random({6}, 1);
  const ops::RmsNorm op(weight, {1e-5, 1}), shifted(weight + 1, {1e-5});
  const Tensors inputs{random({2, 3, 6}, 2)};
  EXPECT_TRUE(op.forward(inputs)[0].equal(shifted.forward(inputs)[0]));
  check_against_autograd(
      op,
      [&](const Tensors& in) -> Tensors {
        return {in[0] / (in[0].square().mean(-1, true) + 1e-5).sqrt() * (1 + weight)};
      },
      inputs, tolerance);
  const Tensor one = at::ones({1, 6}, at::kBFloat16);
  const Tensor y = ops::RmsNorm(at::full({6}, 1.0 / 64, at::kBFloat16), {0, 1}).forward({one})[0];
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_EQ(y[0][0].item<double>(), 1 + 1.0 / 64);
}

TEST(Norm, HasTheDtypeOfItsWeightAndAStatisticOfItsInput) {
  const ops::RmsNorm op(at::ones({6}, at::kBFloat16));
  EXPECT_EQ(op.forward({random({2, 6}).to(at::kFloat)})[0].scalar_type(), at::kBFloat16);
}

TEST(Product, AgainstAutograd) {
  const std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>> pairs{
      {{2, 3, 4}, {2, 3, 4}}, {{2, 3, 4}, {1, 1, 4}}, {{2, 1, 4}, {2, 3, 1}}, {{1, 4}, {1, 4}}};
  for (const auto& [a, b] : pairs) {
    const Tensors inputs{random(a, 1), random(b, 2)};
    for (const OpPtr& op : {OpPtr(std::make_shared<ops::Mul>()), OpPtr(std::make_shared<ops::Gate>())}) {
      check_against_autograd(
          *op, [](const Tensors& in) -> Tensors { return {in[0] * in[1]}; }, inputs, tolerance);
      check_linear_view(
          *op, [](const Tensors& in) -> Tensors { return {in[0] * in[1].detach()}; }, inputs, 0, tolerance);
      check_linear_view(
          *op, [](const Tensors& in) -> Tensors { return {in[0].detach() * in[1]}; }, inputs, 1, tolerance);
    }
  }
}

TEST(Add, AgainstAutograd) {
  for (const auto& [a, b] : std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>>{
           {{2, 3, 4}, {2, 3, 4}}, {{2, 3, 4}, {2, 1, 4}}, {{1, 4}, {3, 4}}}) {
    check_against_autograd(
        ops::Add(), [](const Tensors& in) -> Tensors { return {in[0] + in[1]}; },
        {random(a, 1), random(b, 2)}, tolerance);
  }
}

TEST(Split, AgainstAutograd) {
  for (const int64_t dim : {int64_t{-1}, int64_t{1}}) {
    const ops::Split op({{1, 3, 2}, dim});
    check_against_autograd(
        op,
        [&](const Tensors& in) {
          return in[0].split_with_sizes({1, 3, 2}, dim);
        },
        {random({2, 6, 6}, 1)}, tolerance);
  }
  expect_user_error([] { ops::Split({{}, -1}); }, {"must not be empty"});
}

TEST(SelectToken, AgainstAutograd) {
  const Tensor position = at::tensor({4, 0, 2}, at::kLong);
  check_against_autograd(
      ops::SelectToken(),
      [](const Tensors& in) -> Tensors {
        return {at::stack({in[0][0][4], in[0][1][0], in[0][2][2]})};
      },
      {random({3, 5, 6}, 1), position}, tolerance);
  expect_user_error([&] { ops::SelectToken().forward({random({3, 4, 6}), position}); }, {"[0, 4)", "4"});
}

TEST(Cast, AgainstAutograd) {
  const ops::Cast op({"float64"});
  check_against_autograd(
      op, [](const Tensors& in) -> Tensors { return {in[0] * 1}; }, {random({2, 3})}, tolerance);
  expect_user_error([] { ops::Cast({"float31"}); }, {"unknown dtype 'float31'", "float32"});
}

TEST(Embedding, LooksUpAndChecksIds) {
  const Tensor weight = random({5, 3});
  const ops::Embedding op(weight);
  const Tensor ids = at::tensor({4, 0, 4}, at::kLong).reshape({1, 3});
  EXPECT_TRUE(op.forward({ids})[0][0][2].equal(weight[4]));
  EXPECT_TRUE(ops::Embedding(weight, {2.5}).forward({ids})[0].equal(2.5 * op.forward({ids})[0]));
  // The scale has the table's precision: sqrt(3072) is 55.5 in bfloat16.
  const ops::Embedding half(at::ones({5, 3}, at::kBFloat16), {std::sqrt(3072.0)});
  EXPECT_EQ(half.forward({ids})[0][0][0][0].item<double>(), 55.5);
  expect_user_error([&] { op.forward({ids + 1}); }, {"[0, 5)", "5"});
  expect_user_error([&] { op.forward({ids - 1}); }, {"[0, 5)", "-1"});
  expect_user_error([&] { op.forward({ids.to(at::kInt)}); }, {"int64"});
}

TEST(Kept, AskingForWhatWasNotDeclaredIsAnInternalError) {
  const Kept kept({Tensor()}, {Tensor()}, {Meta{{1}, {}}}, {Meta{{1}, {}}});
  EXPECT_THROW(kept.input(0), InternalError);
  EXPECT_THROW(kept.output(0), InternalError);
}

TEST(Attributes, ArePrintedFromTheStruct) {
  EXPECT_EQ(ops::Split({{2, 3}, 1}).attributes().dump(), R"({"sizes":[2,3],"dim":1})");
  EXPECT_EQ(ops::Linear(random({4, 6})).attributes().dump(),
            R"({"in_features":6,"out_features":4,"bias":false})");
}

}  // namespace
}  // namespace lrpp
