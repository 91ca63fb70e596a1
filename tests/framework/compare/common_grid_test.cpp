// Maps of one picture on a common grid, against sums that are taken by hand.
#include <lrpp/framework/compare/common_grid.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;

/// Sums of at most a thousand float64 numbers of size 1.
constexpr double rounding = 1e-12;

Tensor map(const std::vector<std::vector<double>>& rows) {
  Tensors list;
  for (const auto& row : rows) list.push_back(at::tensor(row, at::kDouble));
  return at::stack(list);
}

void expect_map(const Tensor& got, const std::vector<std::vector<double>>& wanted) {
  ASSERT_EQ(got.sizes(), map(wanted).sizes());
  EXPECT_LE((got - map(wanted)).abs().max().item<double>(), rounding) << got;
}

// Of a picture of 4 x 8 pixels: all of it in pixels of 2 x 2, and a crop of 4 x 4 in the picture's own.
const Tensor coarse = map({{1, 2, 3, 4}, {5, 6, 7, 8}});
const Tensor fine = map({{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}, {13, 14, 15, 16}});
const PicturePart whole{0, 0, 4, 8};

TEST(CommonGrid, ACropInTheMiddleOfTheWhole) {
  const CommonGrid grid = common_grid({{"whole", coarse, whole}, {"crop", fine, {0, 2, 4, 6}}}, 4, 8);
  EXPECT_EQ(grid.height, 2);
  EXPECT_EQ(grid.width, 2);
  EXPECT_EQ(grid.part.left, 2);
  EXPECT_EQ(grid.part.right, 6);
  expect_map(grid.relevance[0], {{2, 3}, {6, 7}});
  expect_map(grid.relevance[1], {{1 + 2 + 5 + 6, 3 + 4 + 7 + 8}, {9 + 10 + 13 + 14, 11 + 12 + 15 + 16}});
  EXPECT_NEAR(grid.outside[0].item<double>(), 1 + 4 + 5 + 8, rounding);
  EXPECT_EQ(grid.outside[1].item<double>(), 0);
}

TEST(CommonGrid, EdgesSplitPixelsByArea) {
  // Columns 1 to 5: a cell is half of one coarse pixel and half of the next.
  const CommonGrid grid = common_grid({{"whole", coarse, whole}, {"crop", fine, {0, 1, 4, 5}}}, 4, 8);
  expect_map(grid.relevance[0], {{0.5 + 1, 1 + 1.5}, {2.5 + 3, 3 + 3.5}});
  EXPECT_NEAR(grid.outside[0].item<double>(), 0.5 + 1.5 + 4 + 2.5 + 3.5 + 8, rounding);
}

TEST(CommonGrid, TwoCropsShareWhatOverlaps) {
  // Columns 0 to 4 and 3 to 7 share one column, rows 0 to 4 and 2 to 6 two rows, of a picture of 6 x 8.
  const CommonGrid grid = common_grid({{"left", fine, {0, 0, 4, 4}}, {"right", fine, {2, 3, 6, 7}}}, 6, 8);
  expect_map(grid.relevance[0], {{12}, {16}});
  expect_map(grid.relevance[1], {{1}, {5}});
  EXPECT_NEAR(grid.outside[0].item<double>(), 136 - 28, rounding);
  EXPECT_NEAR(grid.outside[1].item<double>(), 136 - 6, rounding);
}

TEST(CommonGrid, PaddingIsOutside) {
  // One pixel of padding on each side of a picture of 2 x 2.
  const CommonGrid grid =
      common_grid({{"padded", fine, {-1, -1, 3, 3}}, {"same", fine, {-1, -1, 3, 3}}}, 2, 2);
  expect_map(grid.relevance[0], {{6, 7}, {10, 11}});
  EXPECT_NEAR(grid.outside[0].item<double>(), 136 - 34, rounding);
}

TEST(CommonGrid, ASameGridLeavesValuesAsTheyAre) {
  // 7 pixels over 100: edges that no float64 meets.
  const Tensor values = at::rand({7, 7}, at::kDouble);
  const CommonGrid grid =
      common_grid({{"a", values, {10, 20, 110, 120}}, {"b", values, {10, 20, 110, 120}}}, 200, 200);
  EXPECT_TRUE(grid.relevance[0].equal(values));
  EXPECT_EQ(grid.outside[0].item<double>(), 0);
}

TEST(CommonGrid, SumsAreConserved) {
  at::manual_seed(5);
  for (int64_t round = 0; round < 20; ++round) {
    std::vector<SeenMap> maps;
    for (int64_t i = 0; i < 3; ++i) {
      const Tensor edges = at::rand({4}, at::kDouble) * 40;
      const auto edge = [&](int64_t e) { return edges[e].item<double>(); };
      maps.push_back({"m",
                      at::randn({5 + round, 30 - round}, at::kDouble),
                      {edge(0) - 10, edge(1) - 10, 50 + edge(2), 50 + edge(3)}});
    }
    const CommonGrid grid = common_grid(maps, 80, 70);
    for (size_t i = 0; i < maps.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      EXPECT_NEAR((grid.relevance[at].sum() + grid.outside[at]).item<double>(),
                  maps[i].relevance.sum().item<double>(), rounding);
    }
  }
}

TEST(CommonGrid, BadInputIsNamed) {
  expect_user_error(
      [] {
        common_grid({{"left", fine, {0, 0, 4, 4}}, {"right", fine, {0, 4, 4, 8}}}, 4, 8);
      },
      {"[compare]", "4 x 8", "'left' rows 0 to 4, columns 0 to 4", "'right'", "seen by all"});
  expect_user_error([] { common_grid({{"flat", fine[0], whole}}, 4, 8); }, {"'flat'", "[4]"});
  expect_user_error([] { common_grid({{"nan", fine / 0 * 0, whole}}, 4, 8); }, {"'nan'", "finite"});
  expect_user_error([] { common_grid({{"none", fine, {0, 3, 4, 3}}}, 4, 8); }, {"'none'", "columns 3 to 3"});
  expect_user_error([] { common_grid({}, 4, 8); }, {"at least one map"});
}

}  // namespace
}  // namespace lrpp
