#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/image.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/text_figure.h>

#include <algorithm>

#include "report_samples.h"

namespace lrpp {
namespace {

using namespace test;

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

Image pixels_of(const TextReport& report) {
  std::vector<std::string> warnings;
  return decode_image(draw_text_figure(report, FigureFormat::png), 3, "figure", warnings);
}

int64_t pixels_like(const Image& image, Rgb color) {
  int64_t count = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3)
    count += image.pixels[i] == color.red && image.pixels[i + 1] == color.green &&
             image.pixels[i + 2] == color.blue;
  return count;
}

TEST(TextFigure, SvgIsOneDrawingThatSaysWhatItShows) {
  const std::string svg = draw_text_figure(film_report(), FigureFormat::svg);
  EXPECT_TRUE(svg.starts_with("<?xml"));
  EXPECT_NE(svg.find("<title>Relevance for \u201cpositive\u201d, score 2.50: tiny under mamba-lrp"),
            std::string::npos);
  EXPECT_NE(svg.find("An unlikely, good film.</title>"), std::string::npos);
  // The page's white and the words' shades: "good" at the end of the red ones, and those of the legend.
  EXPECT_NE(svg.find("rgb(98.039216%,50.196078%,37.647059%)"), std::string::npos) << svg.substr(0, 3000);
  EXPECT_EQ(svg.find("<image"), std::string::npos) << "lines and letters, no pixels";
  EXPECT_EQ(count_of(svg, "<svg"), 1u);
}

TEST(TextFigure, MarkupAndControlsAreShownAndNotRun) {
  const std::string svg = draw_text_figure(hostile_report(), FigureFormat::svg);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("<img"), std::string::npos);
  EXPECT_EQ(count_of(svg, "<title>"), 1u);
  for (const char c : svg) {
    EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << "XML has no such character";
  }
}

TEST(TextFigure, PngHasTheWordsInTheColoursOfThePage) {
  const Image image = pixels_of(film_report());
  EXPECT_EQ(image.width, 3 * 480);
  // "good" is as wide as four letters of 12 points, and at least as high: its shade without the letters' dots
  // is more than half of that, 18 x 9 pixels a letter.
  const int64_t red = pixels_like(image, page_shade(page_steps, Theme::light));
  EXPECT_GT(red, 4 * 18 * 9);
  EXPECT_GT(pixels_like(image, page_text(Theme::light)), 500) << "letters";
  TextReport weaker = film_report();
  weaker.tokens[6].relevance = 1;  // "good"; now a step in the middle
  weaker.tokens[9].relevance = 2;  // [SEP], which has no place in the text, is the end of the scale
  EXPECT_LT(pixels_like(pixels_of(weaker), page_shade(page_steps, Theme::light)), red)
      << "only the legend has the strongest red";
}

/// The longest row of dark pixels in the first line of words. No shade is as dark: their green is 128 at
/// least.
int longest_line(const Image& image) {
  int longest = 0;
  for (int64_t y = 0; y < 75; ++y) {
    int run = 0;
    for (int64_t x = 0; x < image.width; ++x) {
      run = image.pixels[static_cast<size_t>((y * image.width + x) * 3 + 1)] < 90 ? run + 1 : 0;
      longest = std::max(longest, run);
    }
  }
  return longest;
}

TEST(TextFigure, NegativeWordsAreUnderlinedForPrintWithoutColour) {
  TextReport report = empty_report();
  report.text = "dull";
  add_token(report, "dull", 0, 4, 1);
  EXPECT_LT(longest_line(pixels_of(report)), 36) << "a letter of 12 points";
  report.tokens[0].relevance = -1;
  EXPECT_GT(longest_line(pixels_of(report)), 60) << "four letters";
}

TEST(TextFigure, ALongTextIsAnExcerpt) {
  const Image all = pixels_of(long_report(250, 100)), excerpt = pixels_of(long_report(20000, 10000));
  EXPECT_LT(excerpt.height, all.height) << "the surroundings of the one word that matters";
  TextReport tall = empty_report();
  tall.text = "a" + std::string(100'000, '\n') + "b";
  add_token(tall, "a", 0, 1, 1);
  try {
    draw_text_figure(tall, FigureFormat::svg);
    ADD_FAILURE() << "a figure of kilometres";
  } catch (const UserError& e) {
    EXPECT_NE(std::string(e.what()).find("must fit"), std::string::npos) << e.what();
  }
}

TEST(TextFigure, PdfIsAPdf) {
  const std::string pdf = draw_text_figure(film_report(), FigureFormat::pdf);
  EXPECT_TRUE(pdf.starts_with("%PDF-1."));
  EXPECT_NE(pdf.find("%%EOF"), std::string::npos);
}

TEST(TextFigure, EveryScriptAndNoText) {
  TextReport report = empty_report();
  report.text = "\u0641\u064a\u0644\u0645 \u7535\u5f71 \U0001f600";
  add_token(report, "x", 0, 4, 1);
  EXPECT_GT(pixels_of(report).height, 100);
  report.text = "";  // an input of ids
  EXPECT_GT(pixels_of(report).height, 100);
  EXPECT_EQ(figure_format_from_type(".svg"), FigureFormat::svg);
  EXPECT_THROW(figure_format_from_type(".gif"), UserError);
}

}  // namespace
}  // namespace lrpp
