// The ops that attention is made of: matmul, softmax and the wiring of heads.
#include <lrpp/framework/ops/heads.h>
#include <lrpp/framework/ops/matmul.h>
#include <lrpp/framework/ops/softmax.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

#include <cmath>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::check_linear_view;
using testing::expect_user_error;
using testing::random;
using testing::relative_difference;

/// Float64 rounding over sums of at most a few hundred terms.
constexpr double tolerance = 1e-12;

/// The product head by head, with b's heads repeated: what grouped-query attention means.
Tensor product_by_heads(const Tensor& a, const Tensor& b, const ops::MatmulAttributes& how) {
  std::vector<Tensor> heads;
  const int64_t group = a.size(1) / b.size(1);
  for (int64_t h = 0; h < a.size(1); ++h) {
    const Tensor right = b.select(1, h / group);
    heads.push_back(how.scale * a.select(1, h).matmul(how.transpose_b ? right.transpose(1, 2) : right));
  }
  return at::stack(heads, 1);
}

TEST(Matmul, AgainstAutograd) {
  struct Shapes {
    std::vector<int64_t> a, b;
    bool transpose_b;
  };
  const std::vector<Shapes> cases{
      {{2, 4, 3, 5}, {2, 4, 7, 5}, true},  {{2, 4, 3, 7}, {2, 4, 7, 5}, false},
      {{2, 4, 3, 5}, {2, 2, 7, 5}, true},  {{2, 4, 3, 7}, {2, 2, 7, 5}, false},
      {{1, 6, 1, 5}, {1, 1, 1, 5}, true},  {{3, 6, 4, 4}, {3, 3, 4, 1}, false},
      {{1, 1, 1, 1}, {1, 1, 1, 1}, false},
  };
  for (const Shapes& shapes : cases) {
    for (const double scale : {1.0, 0.25, -2.0}) {
      const ops::MatmulAttributes how{shapes.transpose_b, scale};
      const ops::Matmul op(how);
      const Tensors inputs{random(shapes.a, 1), random(shapes.b, 2)};
      check_against_autograd(
          op, [&](const Tensors& in) -> Tensors { return {product_by_heads(in[0], in[1], how)}; }, inputs,
          tolerance);
      check_linear_view(
          op, [&](const Tensors& in) -> Tensors { return {product_by_heads(in[0], in[1].detach(), how)}; },
          inputs, 0, tolerance);
      check_linear_view(
          op, [&](const Tensors& in) -> Tensors { return {product_by_heads(in[0].detach(), in[1], how)}; },
          inputs, 1, tolerance);
    }
  }
}

TEST(Matmul, TakesHeadsAsSplitHeadsLeavesThem) {
  // Views with the strides of [B,T,H,d].
  const Tensor q = ops::SplitHeads({4}).forward({random({2, 3, 20}, 1)})[0];
  const Tensor k = ops::SplitHeads({2}).forward({random({2, 3, 10}, 2)})[0];
  const ops::MatmulAttributes how{true, 0.5};
  check_against_autograd(
      ops::Matmul(how), [&](const Tensors& in) -> Tensors { return {product_by_heads(in[0], in[1], how)}; },
      {q, k}, tolerance);
}

TEST(Matmul, SeveralQueriesOfAnExampleShareItsKeys) {
  for (const int64_t examples : {1, 2}) {
    for (const bool transpose_b : {true, false}) {
      for (const int64_t groups : {4, 2}) {
        const ops::MatmulAttributes how{transpose_b, 0.5};
        const Tensor a = random({3 * examples, 4, 2, 5}, 1);
        const Tensor b = random({examples, groups, transpose_b ? 7 : 5, transpose_b ? 5 : 7}, 2);
        const Tensor repeated = b.repeat_interleave(3, 0);
        EXPECT_LT(
            relative_difference(ops::Matmul(how).forward({a, b})[0], product_by_heads(a, repeated, how)),
            tolerance);
      }
    }
  }
}

TEST(Matmul, ShapesAreChecked) {
  const auto fails = [](std::vector<int64_t> a, std::vector<int64_t> b, const std::string& part) {
    expect_user_error([&] { ops::Matmul({true}).forward({random(a), random(b)}); }, {"matmul", part});
  };
  fails({2, 4, 3, 5}, {2, 3, 7, 5}, "multiple of G");
  fails({2, 4, 3, 5}, {2, 4, 7, 6}, "[2, 4, 7, 6]");
  fails({2, 4, 3, 5}, {3, 4, 7, 5}, "[3, 4, 7, 5]");
  fails({2, 4, 3, 5}, {4, 4, 7, 5}, "[4, 4, 7, 5]");
  fails({2, 4, 3, 5}, {0, 4, 7, 5}, "[0, 4, 7, 5]");
  fails({4, 3, 5}, {4, 7, 5}, "[4, 3, 5]");
}

TEST(Matmul, SignsAreKnown) {
  EXPECT_TRUE(ops::Matmul().nonnegative({true, true}));
  EXPECT_FALSE(ops::Matmul().nonnegative({true, false}));
  EXPECT_FALSE(ops::Matmul({false, -1}).nonnegative({true, true}));
}

/// Row by row and entry by entry.
Tensor softmax_oracle(const Tensor& scores, const Tensor& mask, const ops::SoftmaxAttributes& how) {
  std::vector<Tensor> entries;
  for (int64_t b = 0; b < scores.size(0); ++b) {
    for (int64_t h = 0; h < scores.size(1); ++h) {
      for (int64_t t = 0; t < scores.size(2); ++t) {
        std::vector<Tensor> weights;
        Tensor sum = at::zeros({}, at::kDouble);
        for (int64_t s = 0; s < scores.size(3); ++s) {
          const bool sees = (!how.causal || s <= t) && (how.window == 0 || s > t - how.window) &&
                            (!mask.defined() || mask[b][s].item<int64_t>() == 1);
          weights.push_back(sees ? scores[b][h][t][s].exp() : at::zeros({}, at::kDouble));
          sum = sum + weights.back();
        }
        for (const Tensor& w : weights) entries.push_back(sum.item<double>() == 0 ? w : w / sum);
      }
    }
  }
  return at::stack(entries).view(scores.sizes());
}

TEST(Softmax, AgainstAutograd) {
  const Tensor mask = at::tensor({1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, at::kLong).view({2, 5});
  for (const ops::SoftmaxAttributes& how : std::vector<ops::SoftmaxAttributes>{
           {}, {true}, {true, 2}, {true, 9}, {false, 0, true}, {true, 2, true}}) {
    SCOPED_TRACE(to_json_value(how).dump());
    const ops::Softmax op(how);
    Tensors inputs{2 * random({2, 3, 5, 5}, 3)};
    if (how.padded) inputs.push_back(mask);
    check_against_autograd(
        op,
        [&](const Tensors& in) -> Tensors {
          return {softmax_oracle(in[0], how.padded ? mask : Tensor(), how)};
        },
        inputs, tolerance);
    EXPECT_TRUE(op.nonnegative(std::vector<bool>(inputs.size(), false)));
  }
}

TEST(Softmax, WhatIsNotSeenIsExactlyZero) {
  const Tensor scores = at::full({1, 1, 3, 3}, 700.0, at::kDouble);
  const Tensor shares = ops::Softmax({true, 2}).forward({scores})[0];
  const Tensor expected = at::tensor({1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.5, 0.5}, at::kDouble);
  EXPECT_TRUE(shares.flatten().equal(expected));
  const Tensor alone = ops::Softmax({true, 1}).forward({random({1, 1, 3, 3})})[0];
  EXPECT_TRUE(alone[0][0].equal(at::eye(3, at::kDouble))) << "a window of 1 sees the token itself";
}

TEST(Softmax, AMaskWithoutPaddingChangesNothing) {
  const Tensor scores = random({2, 2, 3, 3}, 4);
  const Tensor all = at::ones({2, 3}, at::kLong);
  EXPECT_TRUE(ops::Softmax({true, 0, true})
                  .forward({scores, all})[0]
                  .equal(ops::Softmax({true}).forward({scores})[0]));
  EXPECT_TRUE(
      ops::Softmax({false, 0, true}).forward({scores, all})[0].equal(ops::Softmax().forward({scores})[0]));
}

TEST(Softmax, ARowThatSeesNothingIsZeroAndHasNoGradient) {
  const Tensor mask = at::tensor({0, 1, 1, 0, 0, 0}, at::kLong).view({2, 3});
  const ops::Softmax op({true, 0, true});
  const Tensors inputs{random({2, 2, 3, 3}, 5), mask};
  const Tensor shares = op.forward(inputs)[0];
  EXPECT_TRUE(shares.isfinite().all().item<bool>());
  EXPECT_EQ(shares[0].select(1, 0).abs().max().item<double>(), 0) << "the first token is padding";
  EXPECT_EQ(shares[1].abs().max().item<double>(), 0) << "nothing but padding";
  const Tensor grad = op.vjp(Kept::all(inputs, {shares}), {random({2, 2, 3, 3}, 6)})[0];
  EXPECT_EQ(grad[1].abs().max().item<double>(), 0);
}

TEST(Softmax, OfBfloat16IsComputedInFloat32) {
  const Tensor scores = random({1, 2, 4, 64}, 7).to(at::kBFloat16);
  const Tensor shares = ops::Softmax().forward({scores})[0];
  EXPECT_EQ(shares.scalar_type(), at::kBFloat16);
  // One rounding at the end: half a unit in the last of 8 bits, relative to each share.
  const Tensor exact = at::softmax(scores.to(at::kDouble), -1);
  EXPECT_LT(((shares.to(at::kDouble) - exact) / exact).abs().max().item<double>(), 1.0 / 256);
}

TEST(Softmax, AttributesAndShapesAreChecked) {
  expect_user_error([] { ops::Softmax({false, 3}); }, {"window of 3", "causal"});
  expect_user_error([] { ops::Softmax({true, -1}); }, {"window", "-1"});
  expect_user_error(
      [] {
        ops::Softmax({true}).forward({random({1, 1, 2, 3})});
      },
      {"as many queries as keys"});
  expect_user_error([] { ops::Softmax().forward({random({2, 3})}); }, {"[B,H,T,S]", "[2, 3]"});
  expect_user_error(
      [] {
        ops::Softmax({false, 0, true}).forward({random({2, 1, 3, 3}), at::ones({2, 4}, at::kLong)});
      },
      {"attention_mask", "[2, 3]", "[2, 4]"});
}

TEST(Heads, AgainstAutograd) {
  const auto split = [](const Tensor& x, int64_t heads) {
    std::vector<Tensor> parts;
    for (const Tensor& part : x.chunk(heads, 2)) parts.push_back(part);
    return at::stack(parts, 1);
  };
  for (const int64_t heads : {1, 2, 3, 6}) {
    check_against_autograd(
        ops::SplitHeads({heads}), [&](const Tensors& in) -> Tensors { return {split(in[0], heads)}; },
        {random({2, 5, 6}, 1)}, tolerance);
    const Tensor cut = split(random({2, 5, 6}, 1), heads);
    check_against_autograd(
        ops::MergeHeads(), [&](const Tensors& in) -> Tensors { return {at::cat(in[0].unbind(1), 2)}; }, {cut},
        tolerance);
  }
  expect_user_error([] { ops::SplitHeads({4}).forward({random({2, 5, 6})}); }, {"4 heads", "[2, 5, 6]"});
  expect_user_error([] { ops::SplitHeads({0}); }, {"heads must be positive", "0"});
}

}  // namespace
}  // namespace lrpp
