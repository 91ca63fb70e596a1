#include <gmock/gmock.h>
#include <lrpp/plugins/mamba/kernels/conv1d_op.h>
#include <lrpp/plugins/mamba/kernels/conv1d_reference.h>
#include <lrpp/tests/plugins/mamba/kernel_case.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace lrpp::mamba {
namespace {

using at::Tensor;

struct ConvShape {
  int64_t batch, tokens, channels, taps;
};

struct ConvCase {
  explicit ConvCase(const ConvShape& s) {
    at::manual_seed(7);
    const auto options = at::TensorOptions(at::kDouble);
    x = 2 * at::randn({s.batch, s.tokens, s.channels}, options);
    m = at::randn({s.batch, s.tokens, s.channels}, options);
    taps = at::randn({s.taps, s.channels}, options);
    bias = at::randn({s.channels}, options);
  }

  ConvCase to(at::ScalarType dtype) const {
    ConvCase other = *this;
    for (Tensor* tensor : {&other.x, &other.m, &other.taps, &other.bias}) *tensor = tensor->to(dtype);
    return other;
  }

  Tensor x, m, taps, bias;
};

/// All that the three operations compute: with and without bias, with and without SiLU.
std::vector<Tensor> results(const ConvCase& c) {
  const Tensor with_bias = at::empty_like(c.m.contiguous()), without = at::empty_like(with_bias);
  conv1d_silu_relevance(c.m, c.x, c.taps, c.bias, with_bias);
  conv1d_silu_relevance(c.m, c.x, c.taps, std::nullopt, without);
  return {conv1d(c.x, c.taps, c.bias, true),
          conv1d(c.x, c.taps, c.bias, false),
          conv1d(c.x, c.taps, std::nullopt, true),
          conv1d(c.x, c.taps, std::nullopt, false),
          conv1d_relevance(c.m, c.taps),
          with_bias,
          without};
}

/// The gradient of sum(m * y) by x; autograd knows nothing of the transposes that are written down here.
Tensor gradient(const ConvCase& c, const Tensor& bias, bool silu) {
  const Tensor x = c.x.detach().requires_grad_();
  Tensor y = conv1d_reference(x, c.taps, bias, false);
  if (silu) y = y * at::sigmoid(y).detach();
  return torch::autograd::grad({y}, {x}, {c.m})[0];
}

std::vector<Tensor> expected_results(const ConvCase& c) {
  return {conv1d_reference(c.x, c.taps, c.bias, true),
          conv1d_reference(c.x, c.taps, c.bias, false),
          conv1d_reference(c.x, c.taps, {}, true),
          conv1d_reference(c.x, c.taps, {}, false),
          gradient(c, {}, false),
          gradient(c, c.bias, true),
          gradient(c, {}, true)};
}

class Conv1dKernel : public testing::TestWithParam<std::tuple<cpu::Isa, ConvShape>> {
 protected:
  ForcedIsa forced{std::get<0>(GetParam())};
  ConvCase doubles{std::get<1>(GetParam())};
  ConvCase floats = doubles.to(at::kFloat);
};

TEST_P(Conv1dKernel, IsTheReferenceAndItsGradient) {
  // K products and sums and some ten operations of SiLU round once each, on either side; twice, where a
  // relevance convolves a convolution. Relative to the largest entry.
  const double roundings = 4.0 * static_cast<double>(std::get<1>(GetParam()).taps + 10);
  const ConvCase rounded = floats.to(at::kDouble);
  const auto of_doubles = results(doubles), of_floats = results(floats);
  const auto expected = expected_results(doubles), expected_rounded = expected_results(rounded);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_LT(error_of(of_doubles[i], expected[i]), roundings * 0x1p-53) << "result " << i;
    EXPECT_LT(error_of(of_floats[i], expected_rounded[i]), roundings * 0x1p-24) << "result " << i;
  }
}

TEST_P(Conv1dKernel, TheReferencesOfRelevanceAreGradients) {
  EXPECT_LT(error_of(conv1d_relevance_reference(doubles.m, doubles.taps), gradient(doubles, {}, false)),
            1e-14);
  EXPECT_LT(error_of(conv1d_silu_relevance_reference(doubles.m, doubles.x, doubles.taps, doubles.bias),
                     gradient(doubles, doubles.bias, true)),
            1e-14);
}

TEST_P(Conv1dKernel, ReadsAndWritesViewsInPlace) {
  const ConvCase low = floats.to(at::kBFloat16);
  for (const ConvCase& dense : {doubles, floats, low}) {
    const auto expected = results(dense);
    ConvCase views = dense;
    views.x = swapped(widened(dense.x));
    views.m = widened(swapped(dense.m));
    views.taps = dense.taps.t().contiguous().t();
    expect_equal(results(views), expected);
    views.x = columns_first(dense.x);
    views.m = columns_first(dense.m);
    expect_equal(results(views), expected);

    expect_written_to_views(expected[5], [&](const Tensor& out) {
      conv1d_silu_relevance(dense.m, dense.x, dense.taps, dense.bias, out);
    });
  }
}

TEST_P(Conv1dKernel, IsBitIdenticalForAnyNumberOfThreads) {
  expect_the_same_for_any_threads([&] { return results(floats); });
}

TEST_P(Conv1dKernel, Bfloat16IsComputedInFloat32AndRoundedOnce) {
  const ConvCase low = floats.to(at::kBFloat16), high = low.to(at::kFloat);
  const auto of_low = results(low), of_high = results(high);
  for (size_t i = 0; i < of_low.size(); ++i) {
    EXPECT_TRUE(at::equal(of_low[i], of_high[i].to(at::kBFloat16))) << "result " << i;
  }
  // Checkpoints may keep weights in another dtype than activations.
  ConvCase mixed = low;
  mixed.taps = high.taps;
  mixed.bias = high.bias.to(at::kDouble);
  expect_equal(results(mixed), of_low);
}

// One number; fewer tokens than taps; the borders of the tiles (64 tokens, 512 channels); widths around the
// vectors (2 to 16 lanes); Mamba's four taps, fewer, and more than a tile has tokens.
INSTANTIATE_TEST_SUITE_P(Shapes, Conv1dKernel,
                         testing::Combine(testing::ValuesIn(available_isas()),
                                          testing::Values(ConvShape{1, 1, 1, 1}, ConvShape{2, 3, 5, 4},
                                                          ConvShape{1, 2, 17, 7}, ConvShape{2, 64, 16, 4},
                                                          ConvShape{1, 65, 513, 4}, ConvShape{2, 200, 530, 3},
                                                          ConvShape{3, 130, 31, 4}, ConvShape{1, 5, 8, 70},
                                                          ConvShape{2, 150, 20, 70})),
                         [](const auto& info) {
                           const ConvShape& s = std::get<1>(info.param);
                           return std::string(cpu::isa_name(std::get<0>(info.param))) + "B" +
                                  std::to_string(s.batch) + "T" + std::to_string(s.tokens) + "E" +
                                  std::to_string(s.channels) + "K" + std::to_string(s.taps);
                         });

class Conv1dKernelIsa : public IsaTest {};
INSTANTIATE_TEST_SUITE_P(Isas, Conv1dKernelIsa, testing::ValuesIn(available_isas()), isa_of);

TEST_P(Conv1dKernelIsa, SiluIsAccurateWhereverItsResultsAreNormalNumbers) {
  const Tensor x = at::cat({at::linspace(-86, 90, 100'003), at::logspace(-30, 1, 1000)}).reshape({1, 1, -1});
  const Tensor one = at::ones({1, x.size(2)});
  const auto worst = [&](at::ScalarType dtype) {
    const Tensor in = x.to(dtype), y = conv1d(in, one, std::nullopt, true).to(at::kDouble);
    const Tensor expected = at::silu(in.to(at::kDouble));
    return at::where(expected != 0, ((y - expected) / expected).abs(), y.abs()).max().item<double>();
  };
  // e^-x to about two units in the last place, 2^-23 each, then a sum, a quotient and a product.
  EXPECT_LT(worst(at::kFloat), 3 * 0x1p-23);
  // ATen's silu in float64 rounds as often.
  EXPECT_LT(worst(at::kDouble), 4 * 0x1p-52);
}

TEST_P(Conv1dKernelIsa, RoundsEveryBfloat16ToTheNearest) {
  const Tensor x = at::arange(-32768, 32768, at::kInt).to(at::kShort).view(at::kBFloat16).reshape({1, 1, -1});
  // Denormal numbers are flushed. A tap of 1.5 makes ties, between even and odd.
  const Tensor normal = x.abs().to(at::kFloat) > 0x1p-120, nan = x.isnan();
  for (const double tap : {1.0, 1.0 + 0x1p-8, 1.5, -1.0 - 0x1p-16}) {
    const Tensor taps = at::full({1, x.size(2)}, tap, at::kFloat);
    const Tensor y = conv1d(x, taps, std::nullopt, false),
                 expected = (x.to(at::kFloat) * taps).to(at::kBFloat16);
    EXPECT_TRUE(at::equal(y.isnan(), nan)) << tap;
    EXPECT_TRUE(((y == expected) | nan | ~normal).all().item<bool>()) << tap;
  }
  // A NaN whose lower half would carry into the sign.
  const Tensor bias = at::full({4}, 0x7fffffff, at::kInt).view(at::kFloat);
  EXPECT_TRUE(
      conv1d(at::ones({1, 3, 4}, at::kBFloat16), at::ones({1, 4}), bias, false).isnan().all().item<bool>());
}

TEST_P(Conv1dKernelIsa, PropagatesNaNAndInfinity) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double bad : {std::nan(""), kInfinity, -kInfinity}) {
    ConvCase c({2, 9, 21, 4});
    c.x.select(0, 1).select(0, 3).select(0, 2).fill_(bad);
    c.m.select(0, 0).select(0, 5).select(0, 19).fill_(bad);
    const auto actual = results(c), expected = expected_results(c);
    for (size_t i = 0; i < actual.size(); ++i) {
      EXPECT_TRUE(at::equal(actual[i].isfinite(), expected[i].isfinite())) << bad << ", result " << i;
    }
  }
}

TEST(Conv1dArguments, AnEmptyBatchGivesAnEmptyResult) {
  for (const Tensor& result : results(ConvCase({0, 4, 5, 3}))) {
    EXPECT_EQ(result.sizes(), (std::vector<int64_t>{0, 4, 5}));
  }
}

TEST(Conv1dArguments, ErrorsNameTheArgument) {
  const ConvCase c({2, 5, 8, 4});
  const auto forward = [&](auto change) {
    ConvCase changed = c;
    change(changed);
    return message_of([&] { conv1d(changed.x, changed.taps, changed.bias, true); });
  };
  EXPECT_EQ(forward([](ConvCase& k) { k.taps = k.taps.t(); }),
            "[conv1d] taps must have shape [K,E] = [K,8] with K at least 1; got [8,4]");
  EXPECT_EQ(forward([](ConvCase& k) { k.taps = k.taps.slice(0, 0, 0); }),
            "[conv1d] taps must have shape [K,E] = [K,8] with K at least 1; got [0,8]");
  EXPECT_EQ(forward([](ConvCase& k) { k.bias = k.bias.slice(0, 0, 7); }),
            "[conv1d] bias must have shape [E] = [8]; got [7]");
  EXPECT_THAT(forward([](ConvCase& k) { k.x = k.x[0]; }), testing::HasSubstr("x must have 3 dimensions"));
  EXPECT_THAT(forward([](ConvCase& k) { k.x = k.x.slice(1, 0, 0); }),
              testing::HasSubstr("at least one token"));
  EXPECT_THAT(forward([](ConvCase& k) { k.x = k.x.to(at::kHalf); }),
              testing::HasSubstr("x must be float32, float64 or bfloat16; got Half"));
  EXPECT_THAT(forward([](ConvCase& k) { k.taps = k.taps.to(at::kInt); }),
              testing::HasSubstr("taps must be float32, float64 or bfloat16; got Int"));
  EXPECT_THAT(forward([](ConvCase& k) { k.x = Tensor(); }), testing::HasSubstr("x must be a tensor"));
  EXPECT_THAT(message_of([&] { conv1d_relevance(c.m.slice(2, 1), c.taps); }),
              testing::HasSubstr("[conv1d_relevance] taps must have shape [K,E] = [K,7]"));
}

TEST(Conv1dArguments, ErrorsNameTheOutput) {
  const ConvCase c({2, 5, 8, 4});
  const auto written_to = [&](const Tensor& x, const Tensor& out) {
    return message_of([&] { conv1d_silu_relevance(c.m, x, c.taps, c.bias, out); });
  };
  EXPECT_EQ(written_to(c.x.slice(1, 1), at::empty_like(c.x)),
            "[conv1d_silu_relevance] x must have shape [B,T,E] = [2,5,8]; got [2,4,8]");
  EXPECT_EQ(written_to(c.x, at::empty({2, 5, 7}, c.x.options())),
            "[conv1d_silu_relevance] out must have shape [B,T,E] = [2,5,8]; got [2,5,7]");
  EXPECT_THAT(written_to(c.x, at::empty_like(c.x, at::kFloat)),
              testing::HasSubstr("out must have the dtype of m, Double; got Float"));
  EXPECT_THAT(written_to(c.x, at::empty({1, 5, 8}, c.x.options()).expand({2, 5, 8})),
              testing::HasSubstr("out must hold each element once"));
  EXPECT_THAT(written_to(c.x, c.x), testing::HasSubstr("out must not share memory with the inputs"));
  // Different columns of one matrix share no memory; columns that overlap do.
  const Tensor wide = at::zeros({2, 5, 16}, c.x.options());
  EXPECT_EQ(written_to(wide.slice(2, 0, 8), wide.slice(2, 8)), "(nothing was thrown)");
  EXPECT_EQ(written_to(wide.slice(2, 8), wide.slice(2, 0, 8)), "(nothing was thrown)");
  EXPECT_THAT(written_to(wide.slice(2, 0, 8), wide.slice(2, 7, 15)),
              testing::HasSubstr("must not share memory"));
}

}  // namespace
}  // namespace lrpp::mamba
