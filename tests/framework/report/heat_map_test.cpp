#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/heat_map.h>
#include <lrpp/framework/report/letters.h>

#include <algorithm>
#include <cmath>

namespace lrpp {
namespace {

Rgb at(const Image& image, int64_t y, int64_t x) {
  const uint8_t* pixel = image.pixels.data() + (y * image.width + x) * 3;
  return {pixel[0], pixel[1], pixel[2]};
}

/// 2 x 2 pixels: white with relevance 2, black with -1, grey with 0, white with 0.5.
const Image picture{2, 2, 1, {255, 0, 128, 255}};
const std::vector<double> relevance{2, -1, 0, 0.5};
constexpr HeatMapScale scale{2, 2};

TEST(HeatMap, ScaleEndsAtThe99thPercentile) {
  std::vector<double> values(1000, 0);
  for (size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? i + 1.0 : -(i + 1.0);
  EXPECT_EQ(heat_map_scale(values).end, 990);
  EXPECT_EQ(heat_map_scale(values).largest, 1000);
  EXPECT_EQ(heat_map_scale(relevance).end, 2) << "of few pixels, the largest";
  std::vector<double> one(1000, 0);
  one[3] = -7;
  EXPECT_EQ(heat_map_scale(one).end, 7) << "where nearly all are zero, the largest";
  EXPECT_EQ(heat_map_scale({0, 0}).end, 0);
}

TEST(HeatMap, SideBySideShowsThePictureAndItsRelevance) {
  const Image map = render_heat_map(picture, relevance, 2, 2, scale, HeatMapLayout::side_by_side);
  ASSERT_EQ(map.channels, 3);
  EXPECT_EQ(map.width, 16 + 448 + 16 + 448 + 16);
  ASSERT_EQ(map.pixels.size(), static_cast<size_t>(map.height * map.width * 3));
  const int64_t near = 16 + 100, far = 16 + 224 + 100, map_left = 16 + 448 + 16;
  EXPECT_EQ(hex(at(map, near, near)), "#ffffff");
  EXPECT_EQ(hex(at(map, near, far)), "#000000");
  EXPECT_EQ(hex(at(map, far, near)), "#808080");
  EXPECT_EQ(hex(at(map, near, map_left + 100)), hex(diverging(1)));
  EXPECT_EQ(hex(at(map, near, map_left + 324)), hex(diverging(-0.5)));
  EXPECT_EQ(hex(at(map, far, map_left + 100)), "#ffffff") << "no relevance is white";
  EXPECT_EQ(hex(at(map, far, map_left + 324)), hex(diverging(0.25)));
  // Pixels stay squares with sharp edges.
  EXPECT_EQ(hex(at(map, 16 + 223, map_left + 223)), hex(diverging(1)));
  EXPECT_EQ(hex(at(map, 16 + 224, map_left + 223)), "#ffffff");
}

TEST(HeatMap, ThePictureMayBeMissing) {
  const Image map = render_heat_map({}, relevance, 2, 2, scale, HeatMapLayout::side_by_side);
  EXPECT_EQ(map.width, 16 + 448 + 16);
  EXPECT_EQ(hex(at(map, 20, 20)), hex(diverging(1)));
}

TEST(HeatMap, OverlayShowsThePictureWhereRelevanceIsWeak) {
  const Image map = render_heat_map(picture, relevance, 2, 2, scale, HeatMapLayout::overlay);
  EXPECT_EQ(map.width, 16 + 448 + 16);
  EXPECT_EQ(hex(at(map, 20, 20)), hex(diverging(1)));
  const Rgb grey = at(map, 16 + 300, 20), half = at(map, 20, 16 + 300), quarter = at(map, 16 + 300, 16 + 300);
  EXPECT_TRUE(grey.red == grey.green && grey.green == grey.blue) << "where there is none, only the picture";
  EXPECT_GT(half.blue, half.red) << "negative is blue";
  EXPECT_GT(quarter.red, quarter.blue) << "positive is red";
}

TEST(HeatMap, ABarSaysWhatTheColoursMean) {
  const Image map = render_heat_map(picture, relevance, 2, 2, scale, HeatMapLayout::overlay);
  const int64_t bar = 16 + 448 + 16 + 5;
  EXPECT_EQ(hex(at(map, bar, 16 + 447)), hex(diverging(2 * 447.5 / 448 - 1)));
  EXPECT_EQ(hex(at(map, bar, 16)), hex(diverging(1 / 448. - 1)));
  const Rgb middle = at(map, bar, 16 + 224);
  EXPECT_GT(middle.red + middle.green + middle.blue, 3 * 250);
  int dark = 0;
  for (int64_t x = 16; x < 464; ++x) dark += at(map, map.height - 20, x).red < 64;
  EXPECT_GT(dark, 10) << "numbers stand below it";
}

TEST(HeatMap, SizesAndShapes) {
  const auto size_of = [](int64_t height, int64_t width) {
    const std::vector<double> zero(static_cast<size_t>(height * width), 0);
    const Image map =
        render_heat_map({}, zero, height, width, heat_map_scale(zero), HeatMapLayout::side_by_side);
    EXPECT_EQ(hex(at(map, 16, 16)), "#ffffff");
    return std::pair(map.height, map.width);
  };
  EXPECT_EQ(size_of(224, 224).second, 448 + 32) << "twice";
  EXPECT_EQ(size_of(28, 28).second, 448 + 32) << "16 times";
  EXPECT_EQ(size_of(600, 500).second, 500 + 32) << "large ones stay as they are";
  EXPECT_EQ(size_of(100, 1).second, 280 + 32) << "the bar needs room for its numbers";
  EXPECT_GT(size_of(100, 1).first, 448);
}

TEST(HeatMap, LayoutsHaveNames) {
  EXPECT_EQ(heat_map_layout_from_name("overlay"), HeatMapLayout::overlay);
  EXPECT_EQ(heat_map_layout_from_name("side-by-side"), HeatMapLayout::side_by_side);
  EXPECT_THROW(heat_map_layout_from_name("above"), UserError);
}

TEST(DivergingColours, AreSymmetricAndNeverTurnBack) {
  EXPECT_EQ(hex(diverging(0)), "#ffffff");
  EXPECT_EQ(hex(diverging(5)), hex(diverging(1)));
  EXPECT_EQ(hex(diverging(1)), hex(page_accent(true, Theme::light)));
  EXPECT_EQ(hex(diverging(-1)), hex(page_accent(false, Theme::light)));
  const auto blueness = [](Rgb c) { return c.blue - (c.red + c.green) / 2.0; };
  for (double share = 0.05; share <= 1; share += 0.05) {
    for (const double sign : {-1., 1.}) {
      EXPECT_GT(contrast(diverging(0), diverging(sign * share)),
                contrast(diverging(0), diverging(sign * (share - 0.05))));
    }
    // Red-green blindness takes away the difference of red and green; what is left is blue against their
    // mixture.
    if (share > 0.2) {
      EXPECT_GT(blueness(diverging(-share)), blueness(diverging(share)) + 20) << share;
    }
    // Neither side looks stronger: the darkness of both grows alike, within a factor of 1.5 in contrast.
    const double ratio = contrast(diverging(0), diverging(share)) / contrast(diverging(0), diverging(-share));
    EXPECT_GT(ratio, 1 / 1.5) << share;
    EXPECT_LT(ratio, 1.5) << share;
  }
}

TEST(Letters, HaveTheirShape) {
  Image image{24, 60, 3, std::vector<uint8_t>(24 * 60 * 3, 255)};
  draw_letters(image, 4, 3, "-1");
  const int64_t minus = letters_width("-");
  // A minus is one bar: dark pixels in few rows, all of them in the middle of a capital's height.
  int64_t first = 24, last = 0;
  for (int64_t y = 0; y < 24; ++y) {
    for (int64_t x = 3; x < 2 + minus; ++x) {
      if (at(image, y, x).red < 128) first = std::min(first, y), last = std::max(last, y);
    }
  }
  EXPECT_GE(first, 4 + 6);
  EXPECT_LE(last, 4 + 12);
  EXPECT_GT(letters_width("10"), letters_width("1"));
  const Image before = image;
  draw_letters(image, 100, 3, "1");
  draw_letters(image, 4, -100, "1");
  EXPECT_EQ(image.pixels, before.pixels) << "what lies outside is cut off";
}

}  // namespace
}  // namespace lrpp
