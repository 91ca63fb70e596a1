#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lrpp/framework/report/base64.h>
#include <lrpp/framework/report/compare_report.h>
#include <lrpp/framework/report/unicode_text.h>

#include <sstream>

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
    side.report.score = 2;
    side.relevance = relevance_of_words(reports(), report.words, i);
    report.sides.push_back(side);
  }
  return report;
}

/// A picture of 20 x 30, of which one side saw all and the other one the middle.
CompareReport picture_sample() {
  CompareReport report = sample();
  report.input = "cat.png";
  report.picture_height = 20;
  report.picture_width = 30;
  report.part = {0, 5, 20, 25};
  report.height = report.width = 2;
  report.sides[0].seen = {0, 0, 20, 30};
  report.sides[1].seen = report.part;
  for (auto& side : report.sides) side.relevance = {1, 2, 3, 4};
  return report;
}

/// 600 words: "again" but for two, each of which matters to one side alone.
CompareReport long_sample() {
  TextReport report;
  std::vector<TextReport> both;
  for (size_t i = 0; i < 600; ++i) {
    const std::string word = i == 100 ? "alpha" : i == 500 ? "omega" : "again";
    const auto begin = static_cast<int64_t>(6 * i);
    report.text += (i > 0 ? " " : "") + word;
    report.tokens.push_back({word, 1, begin, begin + 5, false, 0});
  }
  both = {report, report};
  both[0].tokens[100].relevance = 1000;
  both[1].tokens[500].relevance = -0.001;
  CompareReport result = sample();
  result.words = common_words(both);
  for (size_t i = 0; i < 2; ++i) result.sides[i].relevance = relevance_of_words(both, result.words, i);
  return result;
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

TEST(CompareReport, PageIsEscapedAndShowsEachSide) {
  const std::string page = render_html(sample());
  EXPECT_THAT(page, HasSubstr("2 models on one text"));
  EXPECT_THAT(page, HasSubstr("one&lt;script&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr(">&lt;b&gt;</span>"));
  EXPECT_THAT(page, HasSubstr("Answers <bdi>positive</bdi> (90.0 %), then <bdi>negative</bdi> (10.0 %)."));
  EXPECT_THAT(page, HasSubstr("Explained is <bdi>positive</bdi>, a logit of 2.00 (probability 90.0 %), by"));
  EXPECT_THAT(page, HasSubstr(">0.50<"));
  EXPECT_THAT(page, HasSubstr("two random orders have 66.7 % in common")) << "2 of 3 words";
  EXPECT_THAT(page, Not(HasSubstr("whole text ("))) << "a short text is not folded";
  CompareReport alone = sample();
  alone.sides.pop_back();
  EXPECT_ANY_THROW(render_html(alone));
}

TEST(CompareReport, AContrastIsADifferenceOfLogits) {
  CompareReport report = sample();
  report.target = "positive - negative";
  for (auto& side : report.sides) side.report.target = report.target;
  EXPECT_THAT(
      render_html(report),
      HasSubstr("Explained is <bdi>positive - negative</bdi>, a difference of two logits of 2.00, by"));
  EXPECT_THAT(render_terminal(report, 100),
              HasSubstr("target     positive - negative, a difference of two logits\n"));
}

TEST(CompareReport, AnOverlapOfAllSaysNothing) {
  CompareReport report = sample();
  report.k = 3;
  EXPECT_THAT(render_html(report), HasSubstr("it says nothing"));
}

TEST(CompareReport, LongTextsAreFoldedAroundWhatMattersToAnySide) {
  const std::string page = render_html(long_sample());
  const std::string first = page.substr(0, page.find("<details>"));
  EXPECT_THAT(first, HasSubstr(">alpha</span>"));
  EXPECT_THAT(first, HasSubstr(">omega</span>"))
      << "it matters to the other side, whose scale is a millionth";
  EXPECT_THAT(first, HasSubstr("words left out"));
  EXPECT_EQ(count(page, "The whole text (600 words)"), 2u);
  // Each side has its words whole in the details, without a tip each.
  EXPECT_EQ(count(page, "title=\"again 0\""), 2 * 598u);
  EXPECT_LT(count(page, "role=\"tooltip\""), 2 * 251u);
}

TEST(CompareReport, PicturesSayWhatWasSeen) {
  const std::string page = render_html(picture_sample());
  EXPECT_THAT(page, HasSubstr("Sees rows 0 to 20, columns 0 to 30."));
  EXPECT_THAT(page, HasSubstr("Sees rows 0 to 20, columns 5 to 25."));
  EXPECT_THAT(page, HasSubstr("20 x 30 pixels"));
  const Json json = to_json(picture_sample());
  EXPECT_EQ(json["common_part"], Json::parse("[0.0, 5.0, 20.0, 25.0]"));
  EXPECT_EQ(json["sides"][0]["seen"], Json::parse("[0.0, 0.0, 20.0, 30.0]"));
  EXPECT_EQ(json["image_size"], Json::parse("[20, 30]"));
  EXPECT_THAT(render_terminal(picture_sample(), 100), HasSubstr("all see    rows 0 to 20, columns 5 to 25"));
}

TEST(CompareReport, UnreadWordsAreCounted) {
  std::vector<TextReport> cut = reports();
  cut[1].tokens.resize(1);
  const WordList words = common_words(cut);
  EXPECT_EQ(unseen_words(cut, words, 0), 0u);
  EXPECT_EQ(unseen_words(cut, words, 1), 2u);
  CompareReport report = sample();
  report.sides[1].unseen = 2;
  EXPECT_THAT(render_html(report), HasSubstr("2 of the words are not read at all"));
  EXPECT_THAT(render_terminal(report, 100), HasSubstr("(2 words are not read at all)"));
}

TEST(CompareReport, TerminalAndJson) {
  const std::string tables = render_terminal(sample(), 100);
  EXPECT_THAT(tables, HasSubstr("0.50 / 40.0 %"));
  EXPECT_THAT(tables, HasSubstr("ends +4.00"));
  EXPECT_THAT(tables, HasSubstr("one<script>  positive       90.0 %   negative       10.0 %"));
  EXPECT_THAT(render_terminal(sample(), 30),
              HasSubstr("  answer: positive\n  probability: 90.0 %\n  runner-up: negative\n"));
  const Json json = to_json(sample());
  EXPECT_EQ(json["words"][1], "unhappy");
  EXPECT_EQ(json["offsets"], Json::parse("[[0, 3], [3, 10], [11, 15]]"));
  EXPECT_EQ(json["sides"][1]["relevance"][2], 8);
  EXPECT_EQ(json["overlap"][0][1], 0.4);
  EXPECT_EQ(json["overlap_by_chance"], 2.0 / 3);
}

TEST(CompareReport, TerminalKeepsToItsWidth) {
  CompareReport report = sample();
  report.sides[0].name = "a-model-whose-folder-has-a-name-that-is-longer-than-most-terminals-are-wide";
  report.sides[1].report.outputs[1].label = "a label of several words that goes on and on";
  for (const int width : {20, 30, 40, 60, 80, 100, 200}) {
    std::istringstream lines(render_terminal(report, width));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), width) << line;
  }
  EXPECT_ANY_THROW(render_terminal(report, 19));
}

TEST(CompareReport, NothingHiddenReachesTheTerminalOrThePage) {
  CompareReport report = sample();
  const std::string escape = "\x1b[2J\u202e";
  report.target += escape;
  for (auto& side : report.sides) {
    side.name += escape;
    side.report.model += escape;
    side.report.method += escape;
    side.report.target += escape;
    side.report.outputs[1].label += escape;
  }
  CompareReport picture = picture_sample();
  picture.input += escape;
  for (const int width : {30, 200}) {
    for (const CompareReport& shown : {report, picture}) {
      const std::string text = render_terminal(shown, width) + render_html(shown);
      EXPECT_THAT(text, Not(HasSubstr("\x1b")));
      EXPECT_THAT(text, Not(HasSubstr("\u202e")));
    }
  }
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
