#include <ATen/ops/linalg_solve.h>
#include <lrpp/framework/evaluation/road.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp::evaluation {
namespace {

using lrpp::testing::expect_user_error;
using lrpp::testing::random;

/// A direct solve of some dozens of well-conditioned equations in float64.
constexpr double rounding = 1e-11;

/// The dense system, as the paper writes it: one equation for each masked pixel.
Tensor slow_imputation(const Tensor& image, const Tensor& masked) {
  const int64_t height = image.size(1), width = image.size(2);
  Tensor a = at::eye(height * width, at::kDouble), b = image.flatten(1).t().clone();
  for (int64_t r = 0; r < height; ++r) {
    for (int64_t c = 0; c < width; ++c) {
      if (!masked[r][c].item<bool>()) continue;
      Tensor row = at::zeros({height * width}, at::kDouble);
      double sum = 0;
      for (int64_t dr = -1; dr <= 1; ++dr) {
        for (int64_t dc = -1; dc <= 1; ++dc) {
          const bool inside = r + dr >= 0 && r + dr < height && c + dc >= 0 && c + dc < width;
          if ((dr == 0 && dc == 0) || !inside) continue;
          const double weight = dr == 0 || dc == 0 ? 1.0 / 6 : 1.0 / 12;
          row[(r + dr) * width + c + dc] = -weight;
          sum += weight;
        }
      }
      row /= sum;
      row[r * width + c] = 1;
      a[r * width + c].copy_(row);
      b[r * width + c].zero_();
    }
  }
  return at::linalg_solve(a, b).t().reshape(image.sizes());
}

TEST(Road, ImputationSolvesThePapersEquations) {
  const Tensor image = random({3, 6, 9}, 1);
  for (const double share : {0.1, 0.5, 0.95}) {
    const Tensor masked = random({6, 9}, 2).lt(random({6, 9}, 2).quantile(share));
    ASSERT_TRUE(masked.any().item<bool>());
    const Tensor made = noisy_linear_imputation(image, masked, 0, 0), slow = slow_imputation(image, masked);
    EXPECT_LE((made - slow).abs().max().item<double>(), rounding) << share;
    EXPECT_TRUE(made.masked_select(~masked).equal(image.masked_select(~masked))) << "what is known stays";
  }
}

TEST(Road, AFlatPictureStaysFlatAndNoiseLiesOnMaskedPixelsAlone) {
  const Tensor image = at::full({2, 5, 5}, 0.25, at::kDouble), masked = random({5, 5}, 3).gt(0);
  EXPECT_LE((noisy_linear_imputation(image, masked, 0, 0) - image).abs().max().item<double>(), rounding);
  const Tensor noisy = noisy_linear_imputation(image, masked, 0.1, 7);
  EXPECT_TRUE((noisy - image).abs().sum(0).gt(rounding).equal(masked));
  EXPECT_TRUE(noisy.equal(noisy_linear_imputation(image, masked, 0.1, 7)));
  EXPECT_FALSE(noisy.equal(noisy_linear_imputation(image, masked, 0.1, 8)));
  EXPECT_TRUE(noisy_linear_imputation(image, at::zeros({5, 5}, at::kBool), 0.1, 7).equal(image));
}

TEST(Road, TheClassGoesWithItsPixels) {
  // Class 1 is named while the one bright pixel is there.
  Tensor images = at::zeros({2, 1, 5, 5}, at::kDouble);
  images.select(2, 2).select(2, 2).fill_(1);
  const ImageModel model = [](const Tensor& x) {
    const Tensor bright = x.flatten(1).amax(1);
    return at::stack({at::full_like(bright, 0.5), bright}, 1);
  };
  const Tensor target = at::ones({2}, at::kLong), relevance = images.squeeze(1);
  const RoadOptions options{{0.04, 0.5, 0.92}, 0, 1};
  EXPECT_TRUE(road(model, images, relevance, target, {0, 0}, true, options).eq(0).all().item<bool>());
  EXPECT_TRUE(road(model, images, relevance, target, {0, 0}, false, options).eq(1).all().item<bool>());
}

TEST(Road, BadInputIsNamed) {
  const Tensor image = at::zeros({1, 3, 3});
  expect_user_error(
      [&] {
        noisy_linear_imputation(image, at::ones({3, 3}, at::kBool), 0, 0);
      },
      {"all masked"});
  expect_user_error([&] { noisy_linear_imputation(image, at::ones({3, 2}, at::kBool), 0, 0); }, {"[3, 2]"});
  const ImageModel model = [](const Tensor& x) { return x.flatten(1); };
  const auto run = [&](const RoadOptions& options) {
    road(model, image.unsqueeze(0), at::zeros({1, 3, 3}), at::zeros({1}, at::kLong), {0}, true, options);
  };
  expect_user_error([&] { run({{1.0}, 0, 1}); }, {"(0, 1)"});
  expect_user_error([&] { run({{0.5}, 0, 0}); }, {"batch"});
}

}  // namespace
}  // namespace lrpp::evaluation
