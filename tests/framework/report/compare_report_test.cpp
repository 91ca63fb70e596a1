#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lrpp/framework/report/base64.h>
#include <lrpp/framework/report/compare_report.h>

namespace lrpp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TextReport text(std::vector<TextReport::Token> tokens) {
  TextReport report;
  report.text = "<b>unhappy ends";
  report.tokens = std::move(tokens);
  return report;
}

/// One model cuts "unhappy" in two, the other one has a token across the space.
std::vector<TextReport> reports() {
  return {text({{"[CLS]", 1, 0, 0, true, 0.5},
                {"<b>", 2, 0, 3, false, 0.25},
                {"un", 3, 3, 5, false, -2},
                {"happy", 4, 5, 10, false, 1},
                {"ends", 5, 11, 15, false, 4}}),
          text({{"<b>", 6, 0, 3, false, 3}, {"unhappy", 7, 3, 10, false, 7}, {"ends", 8, 11, 15, false, 8}})};
}

TEST(CompareReport, WordsAreWhatNoTokenCuts) {
  const WordList words = common_words(reports());
  ASSERT_EQ(words.words.size(), 3u);
  EXPECT_EQ(words.words[1].text, "unhappy");
  EXPECT_EQ(relevance_of_words(reports(), words, 0), (std::vector<double>{0.25, -1, 4}));
  EXPECT_EQ(relevance_of_words(reports(), words, 1), (std::vector<double>{3, 7, 8}));
  std::vector<TextReport> across = reports();
  across[1].tokens = {{"all", 9, 0, 15, false, 1}};
  EXPECT_EQ(relevance_of_words(across, common_words(across), 0), std::vector<double>{3.25});
  across[1].text = "another";
  EXPECT_ANY_THROW(common_words(across));
}

CompareReport sample() {
  CompareReport report;
  report.target = "positive";
  report.words = common_words(reports());
  report.correlation = {{1, 0.5}, {0.5, 1}};
  report.overlap = {{1, 0.4}, {0.4, 1}};
  report.k = 2;
  for (size_t i = 0; i < 2; ++i) {
    CompareReport::Side side;
    side.name = i == 0 ? "one<script>" : "two";
    side.report = reports()[i];
    side.report.outputs = {{"positive", 2, 0.9}, {"negative", -2, 0.1}};
    side.report.target = "positive";
    side.relevance = relevance_of_words(reports(), report.words, i);
    report.sides.push_back(side);
  }
  return report;
}

TEST(CompareReport, PageIsEscapedAndShowsEachSide) {
  const std::string page = render_html(sample());
  EXPECT_THAT(page, HasSubstr("2 models on one text"));
  EXPECT_THAT(page, HasSubstr("one&lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr(">&lt;b&gt;</span>"));
  EXPECT_THAT(page, HasSubstr("probability 90.0"));
  EXPECT_THAT(page, HasSubstr(">0.50<"));
  CompareReport alone = sample();
  alone.sides.pop_back();
  EXPECT_ANY_THROW(render_html(alone));
}

TEST(CompareReport, TerminalAndJson) {
  const std::string tables = render_terminal(sample());
  EXPECT_THAT(tables, HasSubstr("0.50 / 40.0 %"));
  EXPECT_THAT(tables, HasSubstr("ends +4.00"));
  const Json json = to_json(sample());
  EXPECT_EQ(json["words"][1], "unhappy");
  EXPECT_EQ(json["sides"][1]["relevance"][2], 8);
  EXPECT_EQ(json["overlap"][0][1], 0.4);
}

TEST(Base64, IsThatOfTheStandard) {
  // The test vectors of RFC 4648, section 10.
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace lrpp
