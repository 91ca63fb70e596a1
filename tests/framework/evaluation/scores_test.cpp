// Metrics that are one formula over relevance: their ends, their ties and their errors. Values in between are
// held against Quantus in quantus_test.cpp.
#include <lrpp/framework/evaluation/complexity.h>
#include <lrpp/framework/evaluation/conservation.h>
#include <lrpp/framework/evaluation/localization.h>
#include <lrpp/framework/evaluation/randomization.h>
#include <lrpp/framework/evaluation/robustness.h>
#include <lrpp/framework/evaluation/similarity.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

#include <cmath>

namespace lrpp::evaluation {
namespace {

using lrpp::testing::expect_user_error;
using lrpp::testing::random;

Tensor row(const std::vector<double>& values) { return at::tensor(values, at::kDouble).unsqueeze(0); }
Tensor truth(const std::vector<int>& values) { return at::tensor(values).to(at::kBool).unsqueeze(0); }
double number(const Tensor& t) { return t.item<double>(); }

TEST(Complexity, Ends) {
  EXPECT_NEAR(number(gini(row({0, 0, -3, 0}))), 0.75, 1e-15);
  EXPECT_NEAR(number(gini(row({2, -2, 2, 2}))), 0, 1e-15);
  EXPECT_EQ(number(gini(row({0, 0, 0}))), 0);
  EXPECT_EQ(number(entropy(row({0, 0, -3, 0}))), 0);
  EXPECT_NEAR(number(entropy(row({2, -2, 2, 2}))), std::log(4), 1e-15);
  EXPECT_EQ(number(entropy(row({0, 0, 0}))), 0);
  EXPECT_NEAR(number(histogram_entropy(row({0, 1, 2, 4}), 4)), std::log(4), 1e-15)
      << "4 is in the last bin, with 3 to 4";
  EXPECT_EQ(number(histogram_entropy(row({5, 5}), 4)), 0);
  expect_user_error([] { histogram_entropy(row({1, 2}), 1); }, {"at least 2 bins"});
  expect_user_error([] { gini(row({NAN, 1})); }, {"finite"});
  expect_user_error([] { entropy(at::zeros({2, 0})); }, {"[2, 0]"});
}

TEST(Localization, Ends) {
  EXPECT_EQ(number(pointing_game(row({1, 5, 2}), truth({0, 1, 0}))), 1);
  EXPECT_EQ(number(pointing_game(row({1, -5, 2}), truth({0, 1, 0}))), 0);
  EXPECT_EQ(number(pointing_game(row({1, 1, 1, 1}), truth({0, 1, 0, 0}))), 0.25)
      << "ties score as chance does";
  EXPECT_EQ(number(rank_accuracy(row({1, 5, 2}), truth({1, 1, 0}))), 0.5);
  EXPECT_EQ(number(mass_accuracy(row({1, -5, 3}), truth({0, 1, 1}))), 0.75)
      << "negative relevance is no mass";
  EXPECT_EQ(number(mass_accuracy(row({-1, -5}), truth({0, 1}))), 0);
}

TEST(Localization, BadInputIsNamed) {
  const Tensor relevance = at::ones({2, 3}), none = at::tensor({1, 0, 0, 0, 0, 0}).to(at::kBool).view({2, 3});
  for (const auto& metric : {pointing_game, rank_accuracy, mass_accuracy}) {
    expect_user_error([&] { metric(relevance, none); }, {"example 1 has none"});
    expect_user_error([&] { metric(relevance, truth({1, 0, 1})); }, {"[2, 3]", "[1, 3]"});
    expect_user_error([&] { metric(relevance, at::ones({2, 3})); }, {"booleans"});
    expect_user_error([&] { metric(relevance * NAN, at::ones({2, 3}, at::kBool)); }, {"finite"});
  }
}

TEST(Conservation, Ends) {
  EXPECT_EQ(number(conservation_error(row({1, 2, -1}), at::tensor({2.0}))), 0);
  EXPECT_EQ(number(conservation_error(row({1, 2}), at::tensor({-3.0}))), 1);
  EXPECT_EQ(number(conservation_error(row({1, 0}), at::tensor({3.0}))), 0.5);
  EXPECT_EQ(number(conservation_error(row({1, -1}), at::tensor({0.0}))), 0);
}

TEST(MaxSensitivity, EndsAndErrors) {
  const Tensor relevance = row({3, 4});
  EXPECT_EQ(number(max_sensitivity(relevance, at::stack({relevance, relevance}))), 0);
  EXPECT_EQ(number(max_sensitivity(relevance, at::stack({relevance, -relevance, relevance}))), 2);
  expect_user_error([] { max_sensitivity(row({0, 0}), at::ones({1, 1, 2})); }, {"0 everywhere"});
  expect_user_error([] { max_sensitivity(row({1, 0}), at::ones({1, 1, 3})); }, {"[1, 1, 3]"});
}

TEST(Noise, BelongsToTheExample) {
  const Tensor values = at::zeros({2, 500}, at::kDouble);
  const Tensor uniform = with_uniform_noise(values, 0.5, 4, {7, 8});
  EXPECT_EQ(uniform.sizes(), (std::vector<int64_t>{4, 2, 500}));
  EXPECT_LE(number(uniform.abs().max()), 0.5);
  EXPECT_NEAR(number(uniform.std()), 0.5 / std::sqrt(3), 0.01) << "of 4000 draws";
  EXPECT_TRUE(uniform.select(1, 1).equal(with_uniform_noise(values.slice(0, 1), 0.5, 4, {8}).select(1, 0)));
  const Tensor normal = with_normal_noise(values, at::tensor({1.0, 3.0}), 4, {7, 8});
  EXPECT_NEAR(number(normal.select(1, 0).std()), 1, 0.1);
  EXPECT_NEAR(number(normal.select(1, 1).std()), 3, 0.3);
  expect_user_error([&] { with_uniform_noise(values, 0, 4, {7, 8}); }, {"above 0"});
  expect_user_error([&] { with_normal_noise(values, at::ones({2}), 0, {7, 8}); }, {"at least 1 sample"});
}

TEST(RankCorrelation, EndsAndErrors) {
  EXPECT_NEAR(number(rank_correlation(row({1, 5, 9, 2}), row({10, 30, 40, 20}))), 1, 1e-15);
  EXPECT_NEAR(number(rank_correlation(row({1, 5, 9, 2}), row({40, 20, 10, 30}))), -1, 1e-15);
  EXPECT_EQ(number(rank_correlation(row({1, 5, 9}), row({2, 2, 2}))), 0);
  EXPECT_EQ(number(rank_correlation(row({1}), row({1}))), 0) << "one feature has no order";
  expect_user_error([] { rank_correlation(row({1, NAN}), row({1, 2})); }, {"finite"});
}

TEST(Randomization, LayersGoFromTheOutputDown) {
  const Graph graph = lrpp::testing::perceptron(std::make_shared<ops::Relu>());
  const std::vector<Layer> layers =
      layers_from_output(graph, {"first.bias", "first.weight", "second.bias", "second.weight"});
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_EQ(layers[0].name, "second");
  EXPECT_EQ(layers[1].name, "first");
  EXPECT_EQ(layers[1].weights, (std::vector<std::string>{"first.bias", "first.weight"}));
}

TEST(Randomization, ShuffledWeightsKeepTheirValues) {
  const Tensor weight = random({8, 9}, 1);
  const Tensor other = shuffled(weight, "a", 3);
  EXPECT_FALSE(other.equal(weight));
  EXPECT_TRUE(std::get<0>(other.flatten().sort()).equal(std::get<0>(weight.flatten().sort())));
  EXPECT_TRUE(other.equal(shuffled(weight, "a", 3)));
  EXPECT_FALSE(other.equal(shuffled(weight, "b", 3)));
  EXPECT_FALSE(other.equal(shuffled(weight, "a", 4)));
}

TEST(Randomization, EfficientTestIsTheRelativeRise) {
  const Tensor flat = row({0, 0, 0, 1}), spread = row({0, 1, 2, 3});
  const double before = number(histogram_entropy(flat, 4));
  EXPECT_NEAR(number(efficient_mprt(flat, spread, 4)), (std::log(4) - before) / before, 1e-14);
  EXPECT_EQ(number(efficient_mprt(row({1, 1}), row({2, 2}), 4)), 0);
  expect_user_error([] { efficient_mprt(row({1, 1}), row({1, 2}), 4); }, {"no features apart"});
}

}  // namespace
}  // namespace lrpp::evaluation
