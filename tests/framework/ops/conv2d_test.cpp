#include <lrpp/framework/ops/conv2d.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::check_linear_view;
using testing::expect_user_error;
using testing::random;
using testing::relative_difference;

/// Float64 rounding over sums of at most a few hundred terms.
constexpr double tolerance = 1e-12;

struct Case {
  std::vector<int64_t> input, weight;
  ops::Conv2dAttributes attributes;
};

std::vector<Case> cases() {
  return {
      {{2, 3, 8, 8}, {4, 3, 3, 3}, {}},
      {{2, 3, 7, 9}, {4, 3, 3, 3}, {{1, 1}, {1, 1}, {1, 1}, 1}},
      {{2, 3, 9, 8}, {4, 3, 3, 3}, {{2, 2}, {1, 1}, {1, 1}, 1}},  // one size that the stride does not divide
      {{1, 2, 11, 10},
       {3, 2, 2, 4},
       {{3, 4}, {0, 1}, {1, 1}, 1}},  // pixels at the end that no window reaches
      {{1, 2, 9, 10}, {3, 2, 3, 2}, {{2, 3}, {2, 1}, {2, 3}, 1}},
      {{2, 4, 6, 5}, {6, 2, 3, 3}, {{2, 1}, {1, 1}, {1, 1}, 2}},
      {{2, 4, 7, 7}, {4, 1, 7, 7}, {{1, 1}, {3, 3}, {1, 1}, 4}},  // depthwise
      {{1, 4, 6, 6}, {8, 1, 3, 3}, {{2, 2}, {2, 2}, {2, 2}, 4}},  // depthwise, two filters a channel
      {{2, 3, 5, 5}, {4, 3, 1, 1}, {{2, 2}, {0, 0}, {1, 1}, 1}},
      {{3, 2, 1, 1}, {2, 2, 1, 1}, {}},
      {{1, 1, 3, 3}, {1, 1, 3, 3}, {}},
      {{1, 2, 3, 3}, {2, 2, 7, 7}, {{1, 1}, {3, 3}, {1, 1}, 1}},  // a kernel larger than the image
  };
}

/// The windows as columns, times the weights: one matrix product a group.
Tensor by_columns(const Tensor& x, const Tensor& weight, const Tensor& bias, const ops::Conv2dAttributes& a) {
  const auto size = [&](int64_t i) {
    const auto k = static_cast<size_t>(i);
    const int64_t reach = a.dilation[k] * (weight.size(i + 2) - 1) + 1;
    return (x.size(i + 2) + 2 * a.padding[k] - reach) / a.stride[k] + 1;
  };
  Tensors groups;
  for (int64_t g = 0; g < a.groups; ++g) {
    const int64_t in = weight.size(1), out = weight.size(0) / a.groups;
    const Tensor columns =
        at::im2col(x.narrow(1, g * in, in), weight.sizes().slice(2), a.dilation, a.padding, a.stride);
    groups.push_back(weight.narrow(0, g * out, out).flatten(1).matmul(columns));
  }
  const Tensor y = at::cat(groups, 1).reshape({x.size(0), weight.size(0), size(0), size(1)});
  return bias.defined() ? y + bias.reshape({-1, 1, 1}) : y;
}

TEST(Conv2d, AgainstAutograd) {
  for (const Case& c : cases()) {
    const Tensor weight = random(c.weight, 1);
    for (const Tensor& bias : {Tensor(), random({c.weight[0]}, 2)}) {
      const ops::Conv2d op(weight, bias, c.attributes);
      SCOPED_TRACE(op.attributes().dump() + " on " + shape_string(c.input));
      const auto oracle = [&](const Tensors& in) -> Tensors {
        return {by_columns(in[0], weight, bias, c.attributes)};
      };
      check_against_autograd(op, oracle, {random(c.input, 3)}, tolerance);
      check_linear_view(op, oracle, {random(c.input, 3)}, 0, tolerance);
    }
  }
}

TEST(Conv2d, ModifiedWeights) {
  for (const Case& c : cases()) {
    const Tensor weight = random(c.weight, 1), x = random(c.input, 2);
    const ops::Conv2d op(weight, random({c.weight[0]}, 3), c.attributes);
    SCOPED_TRACE(op.attributes().dump());
    const auto view = op.linear_map(Kept::all({x}, op.forward({x})), 0);
    const auto positive = view->with_weights([](const Tensor& w) { return w.clamp_min(0); });
    const ops::Conv2d expected(weight.clamp_min(0), {}, c.attributes);
    const Tensor y = expected.forward({x})[0], m = random(y.sizes(), 4);
    EXPECT_LT(relative_difference(positive->apply(x), y), tolerance);
    EXPECT_LT(relative_difference(positive->transpose(m), expected.vjp(Kept::all({x}, {y}), {m})[0]),
              tolerance);
    EXPECT_TRUE(positive->bias().equal(view->bias())) << "the bias stays";
  }
}

TEST(Conv2d, OnesCountWithOneChannelForAll) {
  for (const Case& c : cases()) {
    const ops::Conv2d op(random(c.weight, 1), random({c.weight[0]}, 3), c.attributes);
    SCOPED_TRACE(op.attributes().dump());
    const Tensor x = random(c.input, 2), y = op.forward({x})[0], m = random(y.sizes(), 4);
    const auto view = op.linear_map(Kept::all({x}, {y}), 0);
    const auto ones = view->with_ones();
    const auto expected = view->with_weights([](const Tensor& w) { return at::ones_like(w); });
    EXPECT_LT(relative_difference(ones->apply(x), expected->apply(x)), tolerance);
    EXPECT_LT(relative_difference(ones->transpose(m), expected->transpose(m)), tolerance);
    EXPECT_TRUE(ones->bias().equal(view->bias()));
  }
}

TEST(Conv2d, TakesAnyLayoutOfWhatComesIn) {
  const Tensor weight = random({5, 3, 3, 3}, 1), x = random({2, 3, 6, 7}, 2);
  const ops::Conv2d op(weight, {}, {{2, 2}, {1, 1}, {1, 1}, 1});
  const Tensor y = op.forward({x})[0];
  const Tensor last = x.contiguous(at::MemoryFormat::ChannelsLast);
  EXPECT_LT(relative_difference(op.forward({last})[0], y), tolerance);
  const Tensor m = random({2, 5, 1, 1}, 3).expand(y.sizes());
  const Kept kept = Kept::all({x}, {y});
  EXPECT_LT(relative_difference(op.vjp(kept, {m})[0], op.vjp(kept, {m.contiguous()})[0]), tolerance);
}

TEST(Conv2d, ComputesWithChannelsLast) {
  // Layers in a row hand that layout on; where one did not, each would turn its input around.
  for (const int64_t kernel : {int64_t{1}, int64_t{3}}) {
    const Tensor x = random({2, 4, 6, 7}, 2).to(at::kFloat);
    const ops::Conv2d op(random({5, 4, kernel, kernel}, 1).to(at::kFloat), {});
    const Tensor y = op.forward({x})[0];
    EXPECT_TRUE(y.is_contiguous(at::MemoryFormat::ChannelsLast));
    const Tensor back = op.vjp(Kept::all({x}, {y}), {y.contiguous()})[0];
    EXPECT_TRUE(back.is_contiguous(at::MemoryFormat::ChannelsLast));
  }
}

TEST(Conv2d, KnowsWhenItKeepsTheShape) {
  const auto keeps = [](at::IntArrayRef weight, ops::Conv2dAttributes a) {
    return ops::Conv2d(random(weight), {}, std::move(a)).keeps_shape();
  };
  EXPECT_TRUE(keeps({3, 3, 1, 1}, {}));
  EXPECT_TRUE(keeps({3, 3, 3, 5}, {{1, 1}, {1, 2}, {1, 1}, 1}));
  EXPECT_TRUE(keeps({4, 2, 3, 3}, {{1, 1}, {2, 2}, {2, 2}, 2}));
  EXPECT_FALSE(keeps({4, 3, 1, 1}, {}));
  EXPECT_FALSE(keeps({3, 3, 3, 3}, {}));
  EXPECT_FALSE(keeps({3, 3, 2, 2}, {{1, 1}, {1, 1}, {1, 1}, 1}));
  EXPECT_FALSE(keeps({3, 3, 1, 1}, {{2, 2}, {0, 0}, {1, 1}, 1}));
}

TEST(Conv2d, IsChecked) {
  const Tensor weight = random({4, 3, 3, 3});
  expect_user_error([] { ops::Conv2d(random({4, 3, 3}), {}); }, {"[O, I/groups, kh, kw]", "[4, 3, 3]"});
  expect_user_error([&] { ops::Conv2d(weight, random({3})); }, {"bias must have shape [4]", "[3]"});
  expect_user_error([&] { ops::Conv2d(weight, {}, {{0, 1}, {0, 0}, {1, 1}, 1}); }, {"stride", "[0, 1]"});
  expect_user_error([&] { ops::Conv2d(weight, {}, {{1, 1}, {-1, 0}, {1, 1}, 1}); }, {"padding", "[-1, 0]"});
  expect_user_error([&] { ops::Conv2d(weight, {}, {{1, 1}, {0, 0}, {1}, 1}); }, {"dilation", "[1]"});
  expect_user_error([&] { ops::Conv2d(weight, {}, {{1, 1}, {0, 0}, {1, 1}, 3}); }, {"groups", "4", "3"});
  const ops::Conv2d op(weight, {}, {{1, 1}, {0, 0}, {2, 2}, 1});
  expect_user_error([&] { op.forward({random({2, 4, 8, 8})}); }, {"[B, 3, H, W]", "[2, 4, 8, 8]"});
  expect_user_error([&] { op.forward({random({3, 8, 8})}); }, {"[B, 3, H, W]", "[3, 8, 8]"});
  expect_user_error([&] { op.forward({random({1, 3, 8, 4})}); }, {"spans 5", "width", "larger image"});
}

TEST(Conv2d, PrintsItsAttributes) {
  EXPECT_EQ(ops::Conv2d(random({4, 1, 3, 5}), {}, {{2, 2}, {1, 2}, {1, 1}, 2}).attributes().dump(),
            R"({"in_channels":2,"out_channels":4,"kernel_size":[3,5],"bias":false,)"
            R"("stride":[2,2],"padding":[1,2],"dilation":[1,1],"groups":2})");
}

}  // namespace
}  // namespace lrpp
