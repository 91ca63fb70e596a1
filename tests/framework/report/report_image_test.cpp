#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/image_report.h>
#include <lrpp/framework/report/unicode_text.h>

#include <algorithm>
#include <sstream>

namespace lrpp {
namespace {

ImageReport sample(int64_t height, int64_t width) {
  ImageReport report;
  report.model = "digits-cnn";
  report.method = "epsilon-plus-flat";
  report.target = "7";
  report.score = 4;
  report.relevance_sum = 4;
  report.outputs = {{"7", 4, 0.9}, {"1", 1.5, 0.07}, {"9", 1, 0.02}};
  report.provenance = {{"start", "logit"}};
  report.height = height;
  report.width = width;
  report.relevance.assign(static_cast<size_t>(height * width), 0);
  return report;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(ImageReports, TellWhatWasExplained) {
  ImageReport report = sample(8, 8);
  report.relevance[0] = 4;
  const std::string text = render_terminal(report, 80, false);
  for (const char* part :
       {"digits-cnn", "epsilon-plus-flat", "7, score 4.00, probability 90.0 %", "runner-up", "1  1.50  7.0 %",
        "9  1.00  2.0 %", "relevance sums to 4.00: all of the score 4.00"})
    EXPECT_TRUE(has(text, part)) << part << "\n" << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ImageReports, TheMapShowsWhereRelevanceLies) {
  ImageReport report = sample(24, 24);  // 12 x 12 blocks of 2 x 2 pixels
  report.relevance[0] = 1;
  report.relevance[1] = 1;               // block (0, 0): 2
  report.relevance[24 * 23 + 23] = -2;   // block (11, 11)
  report.relevance[24 * 12 + 12] = 0.5;  // block (6, 6)
  const auto lines = lines_of(render_terminal(report, 80, false));
  const auto first = std::find_if(lines.begin(), lines.end(), [](const auto& l) { return has(l, "++ . ."); });
  ASSERT_NE(first, lines.end());
  EXPECT_EQ(*first, "++ . . . . . . . . . . .");
  EXPECT_EQ(*(first + 6), " . . . . . . + . . . . .");
  EXPECT_EQ(*(first + 11), " . . . . . . . . . . .--");
  EXPECT_TRUE(has(*(first + 12), "+2.00"));
  const std::string colored = render_terminal(report, 80, true);
  EXPECT_TRUE(has(colored, "\x1b[48;5;160;38;5;231m +"));
  EXPECT_TRUE(has(colored, "\x1b[48;5;26;38;5;231m -"));
  EXPECT_TRUE(has(colored, "against -2.00"));
}

TEST(ImageReports, FitAnyWidthAndShape) {
  for (const auto& [height, width] :
       std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {3, 500}, {500, 3}, {224, 224}, {28, 28}, {1, 40}}) {
    ImageReport report = sample(height, width);
    report.relevance.back() = 3;
    for (const int columns : {20, 33, 80, 200}) {
      for (const bool color : {false, true}) {
        const std::string text = render_terminal(report, columns, color);
        int map_rows = 0;
        for (std::string line : lines_of(text)) {
          for (size_t at = line.find('\x1b'); at != std::string::npos; at = line.find('\x1b'))
            line.erase(at, line.find('m', at) - at + 1);
          EXPECT_LE(display_width(line), columns) << line;
          map_rows += has(line, " .") || has(line, "++");
        }
        EXPECT_LE(map_rows, 14);
      }
    }
  }
  EXPECT_THROW(render_terminal(sample(2, 2), 19, false), UserError);
}

TEST(ImageReports, NothingAndGradients) {
  ImageReport report = sample(4, 4);
  EXPECT_TRUE(has(render_terminal(report, 80, true), "every pixel's relevance is zero"));
  report.multiplier = true;
  report.relevance[5] = -1;
  const std::string text = render_terminal(report, 80, true);
  EXPECT_TRUE(has(text, "where the gradient lies"));
  EXPECT_TRUE(has(text, "negative -1.00"));
  EXPECT_TRUE(has(text, "need not add up"));
}

TEST(ImageReports, APageHasThePictureUnderItsMap) {
  ImageReport report = sample(2, 3);
  report.model = "<b>";
  Image shown{2, 3, 1, std::vector<uint8_t>(6, 7)};
  const std::string page = render_html({report, report}, {shown, {}});
  EXPECT_THAT(page, ::testing::HasSubstr("&lt;b&gt;"));
  EXPECT_THAT(page, ::testing::Not(::testing::HasSubstr("<script")));
  const auto count = [&](const std::string& part) {
    size_t found = 0;
    for (size_t at = page.find(part); at != std::string::npos; at = page.find(part, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("data:image/png;base64,"), 3u) << "two maps, and the one picture that there is";
  EXPECT_EQ(count(" checked"), 1u);
  EXPECT_ANY_THROW(render_html(std::vector<ImageReport>{}, {}));
  EXPECT_ANY_THROW(render_html({report}, {}));
}

TEST(ImageReports, ThePageHasMapsOfChannelsAndLayers) {
  ImageReport report = sample(2, 2);
  EXPECT_FALSE(has(render_html({report}, {{}}), "by channel"));
  report.channels = {{"red<b>", 2, 2, {1, 0, 0, -1}, 0}, {"green", 2, 2, {1, 1, 1, 1}, 4}};
  report.layer_maps = {{"layers.0", 1, 2, {2, 1}, 5}};
  report.flow = Flow{4, 3, {1, 0, 0, 0}};
  report.left_out = "Nothing <i>more</i>.";
  const std::string page = render_html({report}, {{}});
  EXPECT_TRUE(has(page, "Heat map: red&lt;b&gt;"));
  EXPECT_TRUE(has(page, "sum 4.00; colours to 1.00"));
  EXPECT_TRUE(has(page, "sum 5.00, 2.00 of it on tokens of no pixels; colours to 2.00"));
  EXPECT_TRUE(has(page, "Where the score went"));
  EXPECT_TRUE(has(page, "Nothing &lt;i&gt;more&lt;/i&gt;."));
}

}  // namespace
}  // namespace lrpp
