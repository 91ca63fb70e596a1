#include <lrpp/framework/evaluation/curves.h>
#include <lrpp/framework/evaluation/erasure.h>
#include <lrpp/framework/evaluation/statistics.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lrpp::evaluation {
namespace {

using lrpp::testing::expect_user_error;
using lrpp::testing::random;

/// Sums of some dozens of terms in float64.
constexpr double rounding = 1e-12;

/// logits[n] = (sum of what is kept, 0): relevance is known exactly, feature by feature.
MaskedModel additive(const Tensor& contributions) {
  return [=](const Tensor& example, const Tensor& kept) {
    const Tensor sum = (contributions.index_select(0, example) * kept).sum(1);
    return at::stack({sum, at::zeros_like(sum)}, 1);
  };
}

TargetIndex first_class(int64_t examples) { return {at::zeros({examples}, at::kLong), {}}; }

Followed follow_additive(const Tensor& contributions, Quantity quantity = Quantity::logit) {
  return {additive(contributions), first_class(contributions.size(0)), quantity};
}

std::vector<double> list(const Tensor& t) {
  return {t.const_data_ptr<double>(), t.const_data_ptr<double>() + t.numel()};
}

TEST(Curves, StepsShareTheFeatures) {
  EXPECT_EQ(step_counts(10, 5), (std::vector<int64_t>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(step_counts(3, 2), (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(step_counts(2, 5), (std::vector<int64_t>{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(step_counts(1, 1), (std::vector<int64_t>{0, 1}));
}

TEST(Curves, RanksGoByRelevanceAndThenByPosition) {
  const Tensor relevance = at::tensor({0.5, 2.0, 0.5, -1.0}, at::kDouble).unsqueeze(0);
  EXPECT_TRUE(ranks(relevance, true).equal(at::tensor({1, 0, 2, 3}, at::kLong).unsqueeze(0)));
  EXPECT_TRUE(ranks(relevance, false).equal(at::tensor({1, 3, 2, 0}, at::kLong).unsqueeze(0)));
}

/// Example by example, step by step, feature by feature.
std::vector<double> slow_curve(const Tensor& contributions, const Tensor& relevance, int64_t steps,
                               bool most_first, bool insert) {
  const int64_t features = relevance.size(0);
  std::vector<int64_t> order(static_cast<size_t>(features));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    const auto x = relevance[a].item<double>(), y = relevance[b].item<double>();
    return most_first ? x > y : x < y;
  });
  std::vector<double> curve;
  for (int64_t k = 0; k <= steps; ++k) {
    const auto changed = static_cast<int64_t>(
        std::floor(static_cast<double>(k * features) / static_cast<double>(steps) + 0.5));
    double sum = 0;
    for (int64_t i = 0; i < features; ++i) {
      const bool is_changed = i < changed;
      if (is_changed == insert) sum += contributions[order[static_cast<size_t>(i)]].item<double>();
    }
    curve.push_back(sum);
  }
  return curve;
}

TEST(Curves, AreWhatASlowLoopGives) {
  for (const int64_t steps : {1, 3, 7, 10}) {
    const Tensor contributions = random({4, 7}, 1),
                 relevance = random({4, 7}, 2).mul(3).round();  // with ties
    Followed followed = follow_additive(contributions);
    for (const int64_t batch : {1, 3, 1000}) {
      followed.batch = batch;
      const Curves flip = flipping_curves(followed, relevance, steps);
      const Curves insert = insertion_curves(followed, relevance, steps);
      for (int64_t i = 0; i < 4; ++i) {
        const auto slow = [&](bool most, bool in) {
          return at::tensor(slow_curve(contributions[i], relevance[i], steps, most, in), at::kDouble);
        };
        EXPECT_TRUE(at::allclose(flip.most_first[i], slow(true, false), 0, rounding))
            << steps << " " << batch;
        EXPECT_TRUE(at::allclose(flip.least_first[i], slow(false, false), 0, rounding));
        EXPECT_TRUE(at::allclose(insert.most_first[i], slow(true, true), 0, rounding));
        EXPECT_TRUE(at::allclose(insert.least_first[i], slow(false, true), 0, rounding));
      }
    }
  }
}

TEST(Curves, AreaIsTheTrapezoids) {
  const Tensor curve = at::tensor({4.0, 2.0, 0.0, 1.0}, at::kDouble).unsqueeze(0);
  EXPECT_NEAR(area(curve).item<double>(), (3.0 + 1.0 + 0.5) / 3, rounding);
  EXPECT_NEAR(area(at::full({1, 9}, 2.5, at::kDouble)).item<double>(), 2.5, rounding);
}

TEST(Curves, PlantedPerfectRelevanceScoresTheMaximumOfAllOrders) {
  const Tensor contributions = random({1, 6}, 5);
  const Followed followed = follow_additive(contributions);
  const double perfect = flipping_gain(flipping_curves(followed, contributions, 6)).item<double>();
  const double perfect_in = insertion_gain(insertion_curves(followed, contributions, 6)).item<double>();
  std::vector<double> order{0, 1, 2, 3, 4, 5};
  double best = -1e9, best_in = -1e9;
  do {
    const Tensor relevance = at::tensor(order, at::kDouble).unsqueeze(0);
    best = std::max(best, flipping_gain(flipping_curves(followed, relevance, 6)).item<double>());
    best_in = std::max(best_in, insertion_gain(insertion_curves(followed, relevance, 6)).item<double>());
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_NEAR(perfect, best, rounding);
  EXPECT_NEAR(perfect_in, best_in, rounding);
  EXPECT_GT(perfect, 0.1);
  EXPECT_NEAR(flipping_gain(flipping_curves(followed, -contributions, 6)).item<double>(), -perfect, rounding);
}

TEST(Curves, RandomRelevanceScoresZeroWithinItsInterval) {
  // 400 examples: the interval is narrow enough to leave out a hundredth of the perfect gain, about 1.
  const Tensor contributions = random({400, 12}, 8), relevance = random({400, 12}, 9);
  for (const Quantity quantity : {Quantity::logit, Quantity::probability}) {
    const Followed followed = follow_additive(contributions, quantity);
    const Interval chance = bootstrap_mean(list(flipping_gain(flipping_curves(followed, relevance, 10))), 3);
    EXPECT_LT(chance.low, 0);
    EXPECT_GT(chance.high, 0);
    const Interval perfect =
        bootstrap_mean(list(flipping_gain(flipping_curves(followed, contributions, 10))), 3);
    EXPECT_GT(perfect.low, 5 * chance.high);
  }
}

TEST(Curves, RelevanceThatTellsNothingApartScoresZero) {
  const Followed followed = follow_additive(random({3, 5}, 1));
  EXPECT_EQ(flipping_gain(flipping_curves(followed, at::ones({3, 5}), 5)).abs().max().item<double>(), 0);
}

TEST(Curves, InsertionIsFlippingReadBackwardsWhereFeaturesGoTheSameWay) {
  const Followed followed = follow_additive(random({3, 8}, 1));
  const Tensor relevance = random({3, 8}, 2);
  const Curves flip = flipping_curves(followed, relevance, 4),
               insert = insertion_curves(followed, relevance, 4);
  EXPECT_TRUE(at::allclose(insert.most_first.flip(1), flip.least_first, 0, rounding));
  EXPECT_TRUE(at::allclose(insertion_gain(insert), flipping_gain(flip), 0, rounding));
}

TEST(Curves, EachStateRunsOnce) {
  int64_t rows = 0;
  const Tensor contributions = random({2, 3}, 1);
  const MaskedModel model = [&, inner = additive(contributions)](const Tensor& example, const Tensor& kept) {
    rows += example.size(0);
    return inner(example, kept);
  };
  // Counts 0, 1, 2 and 3 of 3 features: two orders within, one at either end.
  flipping_curves({model, first_class(2)}, random({2, 3}, 2), 10);
  EXPECT_EQ(rows, 2 * 6);
}

TEST(Curves, ADifferenceOfClassesIsFollowed) {
  const Tensor contributions = random({2, 4}, 1);
  Followed followed = follow_additive(contributions);
  followed.target.contrast = at::tensor({1, -1}, at::kLong);
  EXPECT_TRUE(at::allclose(flipping_curves(followed, contributions, 2).most_first.select(1, 0),
                           contributions.sum(1), 0, rounding));
  followed.quantity = Quantity::probability;
  expect_user_error([&] { flipping_curves(followed, contributions, 2); }, {"difference of two classes"});
}

TEST(Curves, BadInputIsNamed) {
  const Followed followed = follow_additive(random({2, 4}, 1));
  expect_user_error([&] { flipping_curves(followed, at::full({2, 4}, NAN), 2); }, {"finite"});
  expect_user_error([&] { flipping_curves(followed, at::ones({2, 4}), 0); }, {"at least 1 step", "0"});
  expect_user_error([&] { flipping_curves(followed, at::ones({2, 0}), 2); }, {"[2, 0]"});
  Followed broken = followed;
  broken.model = [](const Tensor& example, const Tensor&) {
    return at::full({example.size(0), 2}, INFINITY);
  };
  expect_user_error([&] { flipping_curves(broken, at::ones({2, 4}), 2); }, {"finite", "taken away"});
}

TEST(Erasure, IsThePapersSum) {
  const Tensor contributions = random({3, 10}, 4), relevance = random({3, 10}, 5);
  const Followed followed = follow_additive(contributions, Quantity::probability);
  const Tensor without = comprehensiveness(followed, relevance, {0.01, 0.3, 0.5});
  const Tensor alone = sufficiency(followed, relevance, {0.01, 0.3, 0.5});
  const auto probability = [](double sum) { return 1 / (1 + std::exp(-sum)); };
  for (int64_t i = 0; i < 3; ++i) {
    const Tensor order = relevance[i].argsort(0, /*descending=*/true);
    double less = 0, rest = 0;
    const double whole = contributions[i].sum().item<double>();
    for (const int64_t named : {1, 3, 5}) {
      const double inside = contributions[i].index_select(0, order.slice(0, 0, named)).sum().item<double>();
      less += probability(whole) - probability(whole - inside);
      rest += probability(whole) - probability(inside);
    }
    EXPECT_NEAR(without[i].item<double>(), less / 4, rounding);
    EXPECT_NEAR(alone[i].item<double>(), rest / 4, rounding);
  }
  expect_user_error([&] { sufficiency(followed, relevance, {1.5}); }, {"(0, 1]", "1.5"});
  expect_user_error([&] { comprehensiveness(followed, relevance, {}); }, {"at least one share"});
}

}  // namespace
}  // namespace lrpp::evaluation
