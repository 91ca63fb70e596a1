// Agreement of explanations against numbers worked out by hand.
#include <lrpp/framework/compare/agreement.h>
#include <lrpp/tests/support/testing.h>

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

TEST(Agreement, AGridConservesTheSumAndSplitsByArea) {
  const Tensor map = rows({{1, 2, 3}, {4, 5, 6}});
  EXPECT_TRUE(to_grid(map, 2, 3).equal(map));
  // Three columns on two: the middle one is split in half.
  const Tensor two = to_grid(map, 1, 2);
  EXPECT_NEAR(two[0][0].item<double>(), 5 + 3.5, rounding);
  EXPECT_NEAR(two[0][1].item<double>(), 9 + 3.5, rounding);
  for (const auto& [height, width] :
       std::vector<std::pair<int64_t, int64_t>>{{5, 7}, {1, 1}, {2, 4}, {28, 3}})
    EXPECT_NEAR(to_grid(map, height, width).sum().item<double>(), 21, rounding) << height << " x " << width;
  expect_user_error([&] { to_grid(map, 0, 3); }, {"0 x 3"});
  expect_user_error([&] { to_grid(map[0], 1, 1); }, {"[3]"});
}

}  // namespace
}  // namespace lrpp
