#include <lrpp/framework/evaluation/statistics.h>
#include <lrpp/tests/support/testing.h>

#include <cmath>

namespace lrpp::evaluation {
namespace {

using lrpp::testing::expect_user_error;
using lrpp::testing::random;

std::vector<double> normal(int64_t n, uint64_t seed) {
  const Tensor t = random({n}, seed);
  return {t.const_data_ptr<double>(), t.const_data_ptr<double>() + n};
}

TEST(Bootstrap, OfManyValuesIsTheNormalInterval) {
  const std::vector<double> values = normal(500, 1);
  double mean = 0, variance = 0;
  for (const double v : values) mean += v / 500;
  for (const double v : values) variance += (v - mean) * (v - mean) / 500;
  const Interval interval = bootstrap_mean(values, 4);
  const double half = 1.959964 * std::sqrt(variance / 500);
  EXPECT_NEAR(interval.mean, mean, 1e-12);
  // Percentiles of 10,000 resamples are off by about 0.027 standard errors of the mean (the spread of an
  // extreme percentile), that is 1.4% of half an interval; five times that.
  EXPECT_NEAR(interval.low, mean - half, 0.07 * half);
  EXPECT_NEAR(interval.high, mean + half, 0.07 * half);
}

TEST(Bootstrap, OfTwoValuesIsTheThreeMeansThereAre) {
  // Means 0, 0.5 and 1 have shares 1/4, 1/2 and 1/4.
  const Interval wide = bootstrap_mean({0, 1}, 1), narrow = bootstrap_mean({0, 1}, 1, 0.4);
  EXPECT_EQ(wide.low, 0);
  EXPECT_EQ(wide.high, 1);
  EXPECT_EQ(narrow.low, 0.5);
  EXPECT_EQ(narrow.high, 0.5);
  const Interval one = bootstrap_mean({3}, 1);
  EXPECT_EQ(one.low, 3);
  EXPECT_EQ(one.high, 3);
}

TEST(Bootstrap, CoversTheMeanAsOftenAsItSays) {
  int covered = 0;
  for (uint64_t s = 0; s < 300; ++s) {
    const Interval interval = bootstrap_mean(normal(40, s), s, 0.9, 500);
    covered += interval.low < 0 && interval.high > 0 ? 1 : 0;
  }
  // 270 expected, standard deviation 5.2; percentile intervals of 40 values are a little too narrow.
  EXPECT_GT(covered, 246);
  EXPECT_LT(covered, 288);
}

TEST(Bootstrap, IsSeeded) {
  const std::vector<double> values = normal(30, 1);
  EXPECT_EQ(bootstrap_mean(values, 5).low, bootstrap_mean(values, 5).low);
  EXPECT_NE(bootstrap_mean(values, 5).low, bootstrap_mean(values, 6).low);
}

TEST(PermutationTest, OfFewPairsIsExact) {
  // All 2^5 patterns are as far as the observed one or less: only it and its opposite reach it.
  EXPECT_DOUBLE_EQ(paired_permutation_test({1, 2, 3, 4, 5}, {0, 0, 0, 0, 0}, 0), 2.0 / 32);
  EXPECT_DOUBLE_EQ(paired_permutation_test({1, 0}, {0, 1}, 0), 1);
  EXPECT_DOUBLE_EQ(paired_permutation_test({0.1, 0.1, 0.1}, {0.3, 0.3, 0.3}, 0), 2.0 / 8);
}

TEST(PermutationTest, OfManyPairsAgreesWithTheNormalTest) {
  const std::vector<double> a = normal(200, 1);
  std::vector<double> b = a;
  const std::vector<double> noise = normal(200, 2);
  double sum = 0, squares = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    const double difference = noise[i] + 0.1;
    b[i] += difference;
    sum += difference;
    squares += difference * difference;
  }
  const double p = std::erfc(std::abs(sum) / std::sqrt(2 * squares));
  ASSERT_GT(p, 0.01);
  ASSERT_LT(p, 0.9);
  // The share of 10,000 random patterns has a standard deviation of at most 0.005; four times that.
  EXPECT_NEAR(paired_permutation_test(a, b, 3), p, 0.02);
  // Never 0, however far: one of the patterns is the observed one.
  EXPECT_DOUBLE_EQ(paired_permutation_test(std::vector<double>(50, 1.0), std::vector<double>(50, 0.0), 3),
                   1.0 / 10001);
}

TEST(Statistics, BadInputIsNamed) {
  expect_user_error([] { bootstrap_mean({}, 0); }, {"at least one value"});
  expect_user_error([] { bootstrap_mean({NAN}, 0); }, {"finite"});
  expect_user_error([] { bootstrap_mean({1}, 0, 1.5); }, {"confidence", "1.5"});
  expect_user_error([] { paired_permutation_test({1, 2}, {1}, 0); }, {"2 and 1"});
}

}  // namespace
}  // namespace lrpp::evaluation
