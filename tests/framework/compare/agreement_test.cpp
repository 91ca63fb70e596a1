// Agreement of explanations against numbers worked out by hand.
#include <lrpp/framework/compare/agreement.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace lrpp {
namespace {

using testing::expect_user_error;

/// Sums of a few float64 numbers.
constexpr double rounding = 1e-12;

Tensor rows(std::initializer_list<std::vector<double>> values) {
  std::vector<Tensor> list;
  for (const auto& row : values) list.push_back(at::tensor(row, at::kDouble));
  return at::stack(list);
}

TEST(Agreement, ByHand) {
  // Ranks 3 2 1 0, 2 3 0 1 and 0 1 2 3: of the first two, the squared differences are 1 each, and
  // 1 - 6 * 4 / (4 * 15) = 0.6. The third is the first turned round.
  const Agreement a = agreement(rows({{9, 5, 1, -2}, {0.3, 0.4, -0.9, -0.1}, {1, 2, 3, 4}}), 2);
  EXPECT_NEAR(a.rank_correlation[0][1].item<double>(), 0.6, rounding);
  EXPECT_NEAR(a.rank_correlation[0][2].item<double>(), -1, rounding);
  EXPECT_NEAR(a.rank_correlation[1][2].item<double>(), -0.6, rounding);
  EXPECT_TRUE(a.rank_correlation.equal(a.rank_correlation.t()));
  EXPECT_EQ(a.overlap[0][1].item<double>(), 1);
  EXPECT_EQ(a.overlap[0][2].item<double>(), 0);
  EXPECT_EQ(a.overlap[2][2].item<double>(), 1);
  const Agreement three = agreement(rows({{9, 5, 1, -2}, {1, 2, 3, 4}}), 3);
  EXPECT_NEAR(three.overlap[0][1].item<double>(), 2.0 / 3, rounding);
}

TEST(Agreement, BadInputIsNamed) {
  expect_user_error([] { agreement(at::zeros({3}), 1); }, {"[compare]", "[3]"});
  expect_user_error([] { agreement(at::zeros({2, 3}), 4); }, {"[1, 3]", "got 4"});
  expect_user_error([] { agreement(at::full({2, 3}, NAN), 1); }, {"finite"});
}

/// Whether `order` may be the ranking of `row`: nothing stands before something larger.
bool ranks(const std::vector<int>& order, const std::vector<double>& row) {
  const auto value = [&](int i) { return row[static_cast<size_t>(i)]; };
  return std::is_sorted(order.begin(), order.end(), [&](int a, int b) { return value(a) > value(b); });
}

/// The overlap of the first k, averaged over every pair of rankings of the two.
double overlap_by_enumeration(const std::vector<double>& a, const std::vector<double>& b, size_t k) {
  std::vector<int> order(a.size());
  std::iota(order.begin(), order.end(), 0);
  std::vector<std::set<int>> first_a, first_b;
  do {
    const std::set<int> first(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k));
    if (ranks(order, a)) first_a.push_back(first);
    if (ranks(order, b)) first_b.push_back(first);
  } while (std::next_permutation(order.begin(), order.end()));
  double common = 0;
  for (const auto& in_a : first_a)
    for (const auto& in_b : first_b)
      common += static_cast<double>(
          std::count_if(in_a.begin(), in_a.end(), [&](int i) { return in_b.contains(i); }));
  return common / static_cast<double>(k * first_a.size() * first_b.size());
}

TEST(Agreement, EqualUnitsAreDrawnAtRandom) {
  const std::vector<std::vector<double>> sides{
      {1, 1, 1, 0, 0}, {0, 0, 1, 1, 1}, {3, 2, 2, 2, -1}, {0, 0, 0, 0, 0}, {5, 4, 3, 2, 1}};
  for (int64_t k = 1; k <= 5; ++k) {
    const Tensor overlap = agreement(rows({sides[0], sides[1], sides[2], sides[3], sides[4]}), k).overlap;
    for (size_t i = 0; i < sides.size(); ++i) {
      for (size_t j = 0; j < sides.size(); ++j) {
        EXPECT_NEAR(overlap[static_cast<int64_t>(i)][static_cast<int64_t>(j)].item<double>(),
                    overlap_by_enumeration(sides[i], sides[j], static_cast<size_t>(k)), rounding)
            << i << ", " << j << ", k " << k;
      }
    }
  }
}

TEST(Agreement, PositionDoesNotMatter) {
  // Two explanations that turn their units round together agree as before; by position they would not.
  const Tensor there = rows({{1, 1, 1, 0}, {0, 2, 2, 2}});
  EXPECT_TRUE(agreement(there, 2).overlap.equal(agreement(there.flip({1}), 2).overlap));
  EXPECT_NEAR(agreement(there, 2).overlap[0][1].item<double>(), 4.0 / 9, rounding)
      << "2/3 of 2/3, of two units";
}

}  // namespace
}  // namespace lrpp
