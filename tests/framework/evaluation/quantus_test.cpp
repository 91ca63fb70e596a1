// Metrics against Quantus 0.6.0, and statistics against SciPy; see tests/fixtures/quantus/make_cases.py.
#include <lrpp/framework/evaluation/complexity.h>
#include <lrpp/framework/evaluation/curves.h>
#include <lrpp/framework/evaluation/localization.h>
#include <lrpp/framework/evaluation/randomization.h>
#include <lrpp/framework/evaluation/road.h>
#include <lrpp/framework/evaluation/robustness.h>
#include <lrpp/framework/evaluation/similarity.h>
#include <lrpp/framework/evaluation/statistics.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp::evaluation {
namespace {

using lrpp::testing::fixture;

/// Both sides compute in float64, in another order.
constexpr double rounding = 1e-12;
/// Quantus adds 1e-7 to |R| (Gini) and 1e-12 within the logarithm (entropy); values are of the order of 1.
constexpr double shifted = 1e-6;

Tensor get(const std::string& name) {
  static const SafetensorsFile file(fixture("quantus") / "cases.safetensors");
  return file.get(name).clone();
}

void expect_close(const Tensor& ours, const std::string& theirs, double tolerance) {
  const Tensor wanted = get(theirs).to(at::kDouble);
  ASSERT_EQ(ours.sizes(), wanted.sizes()) << theirs;
  EXPECT_LE((ours - wanted).abs().max().item<double>(), tolerance) << theirs << "\n"
                                                                   << ours << "\n"
                                                                   << wanted;
}

std::vector<double> list(const std::string& name) {
  const Tensor t = get(name);
  return {t.const_data_ptr<double>(), t.const_data_ptr<double>() + t.numel()};
}

TEST(Quantus, Complexity) {
  const Tensor relevance = get("complexity.relevance");
  expect_close(gini(relevance), "complexity.gini", shifted);
  expect_close(entropy(relevance), "complexity.entropy", shifted);
}

TEST(Quantus, Localization) {
  const Tensor relevance = get("localization.relevance"), truth = get("localization.truth");
  expect_close(pointing_game(relevance, truth), "localization.pointing_game", 0);
  expect_close(rank_accuracy(relevance, truth), "localization.rank_accuracy", rounding);
  expect_close(mass_accuracy(relevance, truth), "localization.mass_accuracy", rounding);
}

TEST(Quantus, PixelFlipping) {
  const Tensor weight = get("flipping.weight"), images = get("flipping.images");
  const MaskedModel model = [&](const Tensor& example, const Tensor& kept) {
    return at::matmul(images.index_select(0, example) * kept, weight.t());
  };
  const Followed followed{model, {get("flipping.target"), {}}, Quantity::probability};
  // Twelve pixels, three at a time; Quantus' curve begins after the first step.
  const Curves curves = flipping_curves(followed, get("flipping.relevance"), 4);
  // Quantus rounds the model's inputs to float32, which holds these, and returns float64.
  expect_close(curves.most_first.slice(1, 1), "flipping.curves", rounding);
}

TEST(Quantus, Road) {
  const Tensor imputed = noisy_linear_imputation(get("road.picture"), get("road.masked"), 0, 0);
  expect_close(imputed, "road.imputed", rounding);
  const Tensor weight = get("road.weight");
  const ImageModel model = [&](const Tensor& images) { return at::matmul(images.flatten(1), weight.t()); };
  const Tensor named =
      road(model, get("road.images"), get("road.relevance"), get("road.target"), {1, 2, 3, 4, 5},
           /*most_first=*/true, {{0.1, 0.3, 0.5, 0.7, 0.9}, 0, 2});
  expect_close(named.mean(0), "road.accuracy", rounding);
}

TEST(Quantus, MaxSensitivity) {
  expect_close(max_sensitivity(get("sensitivity.relevance"), get("sensitivity.changed")),
               "sensitivity.scores", rounding);
}

TEST(Quantus, RankCorrelation) {
  expect_close(rank_correlation(get("similarity.a"), get("similarity.b")), "similarity.spearman", rounding);
}

TEST(Quantus, ParameterRandomisation) {
  const Tensor layers = get("mprt.explanations");
  Tensors similarity;
  for (int64_t i = 0; i < layers.size(0); ++i) similarity.push_back(rank_correlation(layers[0], layers[i]));
  expect_close(at::stack(similarity), "mprt.similarity", rounding);
}

TEST(Quantus, EfficientParameterRandomisation) {
  expect_close(efficient_mprt(get("efficient_mprt.original"), get("efficient_mprt.randomised"), 10),
               "efficient_mprt.scores", rounding);
}

TEST(Quantus, RandomLogit) {
  expect_close(rank_correlation(get("random_logit.relevance"), get("random_logit.other")),
               "random_logit.scores", rounding);
}

TEST(SciPy, PermutationTest) {
  EXPECT_NEAR(paired_permutation_test(list("statistics.a"), list("statistics.b"), 0),
              list("statistics.permutation_p")[0], rounding);
}

}  // namespace
}  // namespace lrpp::evaluation
