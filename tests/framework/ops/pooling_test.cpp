#include <lrpp/framework/ops/pooling.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::expect_user_error;
using testing::random;

/// Float64 rounding over means of at most a hundred values.
constexpr double tolerance = 1e-13;

/// Positions of the pooling windows along one dimension.
struct Windows {
  Windows(int64_t size, int64_t kernel, int64_t step, int64_t pad, int64_t gap, bool ceil_mode)
      : padding(pad), stride(step), reach(gap * (kernel - 1) + 1) {
    const int64_t room = size + 2 * pad - reach;
    count = (ceil_mode ? (room + step - 1) / step : room / step) + 1;
    // A window must begin in the image or in the padding before it.
    if ((count - 1) * step >= size + pad) --count;
    behind = std::max<int64_t>((count - 1) * step + reach - size - pad, 0);
  }
  int64_t padding, stride, reach, count = 0, behind = 0;  ///< behind: pixels to add after the image
};

/// Every window's values: [B, C, kh kw, H' W'], with `fill` where a window leaves the image.
Tensor columns(const Tensor& x, const Windows& h, const Windows& w, at::IntArrayRef kernel,
               at::IntArrayRef dilation, double fill) {
  const Tensor padded = at::constant_pad_nd(x, {w.padding, w.behind, h.padding, h.behind}, fill);
  // What lies behind the last window is left over where the stride does not divide.
  const Tensor used = padded.narrow(2, 0, (h.count - 1) * h.stride + h.reach)
                          .narrow(3, 0, (w.count - 1) * w.stride + w.reach);
  return at::im2col(used, kernel, dilation, {0, 0}, {h.stride, w.stride})
      .reshape({x.size(0), x.size(1), kernel[0] * kernel[1], h.count * w.count});
}

const std::vector<std::vector<int64_t>> shapes{{2, 3, 8, 8}, {1, 2, 7, 9}, {2, 1, 5, 4}, {1, 3, 3, 3}};

TEST(MaxPool2d, AgainstAutograd) {
  const std::vector<ops::MaxPool2dAttributes> cases{
      {},
      {{3, 3}, {2, 2}, {1, 1}, {1, 1}, false},
      {{3, 3}, {2, 2}, {1, 1}, {1, 1}, true},
      {{2, 3}, {1, 2}, {0, 1}, {1, 1}, false},
      {{2, 2}, {3, 3}, {1, 1}, {1, 1}, true},
      {{2, 2}, {1, 1}, {1, 1}, {2, 2}, false},
      {{1, 1}, {2, 2}, {0, 0}, {1, 1}, true},
  };
  for (const auto& a : cases) {
    const ops::MaxPool2d op(a);
    for (const auto& shape : shapes) {
      SCOPED_TRACE(op.attributes().dump() + " on " + shape_string(shape));
      const auto oracle = [&](const Tensors& in) -> Tensors {
        const auto along = [&](size_t i) {
          return Windows(shape[i + 2], a.kernel_size[i], a.stride[i], a.padding[i], a.dilation[i],
                         a.ceil_mode);
        };
        const Windows h = along(0), w = along(1);
        const Tensor windows = columns(in[0], h, w, a.kernel_size, a.dilation, -1e300);
        return {std::get<0>(windows.max(2)).reshape({shape[0], shape[1], h.count, w.count})};
      };
      check_against_autograd(op, oracle, {random(shape, 1)}, tolerance);
    }
  }
}

TEST(MaxPool2d, TheFirstWinnerTakesAll) {
  const Tensor x = at::zeros({1, 1, 2, 4}, at::kDouble);
  const ops::MaxPool2d op;
  const Tensors y = op.forward({x});
  EXPECT_TRUE(y[1].equal(at::tensor({0, 2}, at::kLong).reshape({1, 1, 1, 2})));
  const Tensor g = op.vjp(Kept::all({x}, y), {at::ones({1, 1, 1, 2}, at::kDouble)})[0];
  EXPECT_TRUE(g.equal(at::tensor({1., 0., 1., 0., 0., 0., 0., 0.}, at::kDouble).reshape({1, 1, 2, 4})));
}

TEST(MaxPool2d, KeepsTheLayoutOfItsInput) {
  const Tensor x = random({2, 3, 6, 8}, 1);
  const Tensor last = x.contiguous(at::MemoryFormat::ChannelsLast);
  const ops::MaxPool2d op;
  const Tensors y = op.forward({x}), z = op.forward({last});
  EXPECT_TRUE(y[0].equal(z[0]));
  EXPECT_TRUE(y[1].equal(z[1]));
  const Tensor m = random(y[0].sizes(), 2);
  const Tensor g = op.vjp(Kept::all({last}, z), {m})[0];
  EXPECT_TRUE(g.equal(op.vjp(Kept::all({x}, y), {m})[0]));
  EXPECT_TRUE(g.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST(AvgPool2d, AgainstAutograd) {
  const std::vector<ops::AvgPool2dAttributes> cases{
      {},
      {{3, 3}, {2, 2}, {1, 1}, false, true, std::nullopt},
      {{3, 3}, {2, 2}, {1, 1}, false, false, std::nullopt},
      {{3, 3}, {2, 2}, {1, 1}, true, true, std::nullopt},
      {{3, 3}, {2, 2}, {1, 1}, true, false, std::nullopt},
      {{2, 3}, {1, 2}, {0, 1}, false, true, std::nullopt},
      {{2, 2}, {2, 2}, {1, 0}, false, true, 3},
      {{3, 2}, {3, 1}, {0, 0}, true, false, std::nullopt},
  };
  for (const auto& a : cases) {
    const ops::AvgPool2d op(a);
    for (const auto& shape : shapes) {
      SCOPED_TRACE(op.attributes().dump() + " on " + shape_string(shape));
      const auto oracle = [&](const Tensors& in) -> Tensors {
        const auto along = [&](size_t i) {
          return Windows(shape[i + 2], a.kernel_size[i], a.stride[i], a.padding[i], 1, a.ceil_mode);
        };
        const Windows h = along(0), w = along(1);
        const Tensor sum = columns(in[0], h, w, a.kernel_size, {1, 1}, 0).sum(2);
        // Which pixels count: those of the image, and its padding, but not what lies behind the padding.
        Tensor counts = at::ones_like(in[0]).detach();
        Windows past_h = h, past_w = w;
        if (a.count_include_pad) {
          counts = at::constant_pad_nd(counts, {w.padding, w.padding, h.padding, h.padding}, 1);
          past_h.behind = std::max<int64_t>(h.behind - h.padding, 0);
          past_w.behind = std::max<int64_t>(w.behind - w.padding, 0);
          past_h.padding = past_w.padding = 0;
        }
        const Tensor divisor = a.divisor_override
                                   ? at::full_like(sum, static_cast<double>(*a.divisor_override)).detach()
                                   : columns(counts, past_h, past_w, a.kernel_size, {1, 1}, 0).sum(2);
        return {(sum / divisor).reshape({shape[0], shape[1], h.count, w.count})};
      };
      check_against_autograd(op, oracle, {random(shape, 1)}, tolerance);
    }
  }
}

TEST(AdaptiveAvgPool2d, AgainstAutograd) {
  const std::vector<ops::AdaptiveAvgPool2dAttributes> cases{
      {}, {{2, 2}, false}, {{3, 5}, false}, {{7, 7}, false}, {{1, 4}, false}, {{4, 4}, true}, {{7, 2}, true}};
  for (const auto& a : cases) {
    const ops::AdaptiveAvgPool2d op(a);
    for (const auto& shape : shapes) {
      SCOPED_TRACE(op.attributes().dump() + " on " + shape_string(shape));
      const auto oracle = [&](const Tensors& in) -> Tensors {
        const auto size = [&](size_t i) {
          return a.at_least ? std::max(a.output_size[i], shape[i + 2]) : a.output_size[i];
        };
        Tensors rows;
        for (int64_t i = 0; i < size(0); ++i) {
          Tensors cells;
          for (int64_t j = 0; j < size(1); ++j) {
            const auto part = [](const Tensor& t, int64_t dim, int64_t index, int64_t count) {
              const int64_t n = t.size(dim), from = index * n / count;
              const int64_t to = ((index + 1) * n + count - 1) / count;
              return t.narrow(dim, from, to - from);
            };
            cells.push_back(part(part(in[0], 2, i, size(0)), 3, j, size(1)).mean({2, 3}));
          }
          rows.push_back(at::stack(cells, -1));
        }
        return {at::stack(rows, 2)};
      };
      check_against_autograd(op, oracle, {random(shape, 1)}, tolerance);
    }
  }
}

TEST(Pooling, KnowsTheSignOfItsOutput) {
  for (const bool sign : {false, true}) {
    EXPECT_EQ(ops::MaxPool2d().nonnegative({sign}), sign);
    EXPECT_EQ(ops::AvgPool2d().nonnegative({sign}), sign);
    EXPECT_EQ(ops::AdaptiveAvgPool2d().nonnegative({sign}), sign);
  }
  EXPECT_TRUE(ops::MaxPool2d().routes());
  EXPECT_FALSE(ops::AvgPool2d().routes());
}

TEST(Pooling, IsChecked) {
  expect_user_error([] { ops::MaxPool2d({{2}, {2, 2}, {0, 0}, {1, 1}, false}); }, {"kernel_size", "[2]"});
  expect_user_error([] { ops::MaxPool2d({{2, 2}, {0, 2}, {0, 0}, {1, 1}, false}); }, {"stride", "[0, 2]"});
  expect_user_error(
      [] {
        ops::MaxPool2d({{2, 2}, {2, 2}, {2, 0}, {1, 1}, false});
      },
      {"max_pool2d", "half", "[2, 0]"});
  expect_user_error([] { ops::MaxPool2d({{2, 2}, {2, 2}, {0, 0}, {1, 0}, false}); }, {"dilation", "[1, 0]"});
  expect_user_error(
      [] {
        ops::AvgPool2d({{2, 2}, {2, 2}, {0, 0}, false, true, 0});
      },
      {"divisor_override", "0"});
  expect_user_error([] { ops::AdaptiveAvgPool2d({{0, 1}, false}); }, {"output_size", "[0, 1]"});
  expect_user_error([] { ops::MaxPool2d().forward({random({1, 2, 1, 4})}); }, {"spans 2", "height"});
  expect_user_error(
      [] {
        ops::AvgPool2d().forward({random({1, 2, 4, 1})});
      },
      {"avg_pool2d", "spans 2", "width"});
  expect_user_error([] { ops::AdaptiveAvgPool2d().forward({random({2, 4})}); }, {"[B, C, H, W]", "[2, 4]"});
}

}  // namespace
}  // namespace lrpp
