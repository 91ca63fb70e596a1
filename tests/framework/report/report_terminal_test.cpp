#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/text_report.h>
#include <lrpp/framework/report/unicode_text.h>
#include <lrpp/tests/framework/report/report_samples.h>

#include <iterator>
#include <regex>
#include <sstream>

namespace lrpp {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> result;
  for (std::string line; std::getline(in, line);) result.push_back(line);
  return result;
}

std::string without_colors(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9;]*m"), "");
}

/// Columns by a table of its own: two for East Asian wide characters and emoji, none for marks and joiners.
int columns(const std::string& line) {
  int width = 0;
  for (const char32_t c : decode_utf8(line)) {
    if ((c >= 0x300 && c <= 0x36F) || c == 0x200D || c == 0xFE0F) continue;
    const bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) ||
                      (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xFF00 && c <= 0xFF60) ||
                      (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x1F1E6 && c <= 0x1F1FF) || c >= 0x20000;
    width += wide ? 2 : 1;
  }
  return width;
}

TextReport wide_report() {
  TextReport report = test::empty_report();
  report.model = std::string(150, 'm');
  report.target =
      "\u975e\u5e38\u306b\u80af\u5b9a\u7684\u306a\u8a55\u4fa1\u3067\u3042\u308b\u3068\u3044\u3046\u3053"
      "\u3068";
  report.text =
      "\u6620\u753b\u306f\u9000\u5c48\u3060\u3063\u305f\u3051\u308c\u3069\u3082\u97f3\u697d\u306f\u826f\u304b"
      "\u3063\u305f\u3002 \U0001F469\u200D\U0001F467\u200D\U0001F466\U0001F634\U0001F634 \u2764\uFE0F "
      "\U0001F1EB\U0001F1F7 "
      "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft ae\u0301 "
      "\tx\u3000y" +
      std::string(120, ' ') + "z";
  const auto length = static_cast<int64_t>(decode_utf8(report.text).size());
  for (int64_t i = 0; i < length; ++i)
    test::add_token(report, "t" + std::to_string(i), i, i + 1, static_cast<double>(i % 7 - 3) / 4);
  test::add_token(report, "\U0001F634\U0001F634\U0001F634\u6620\u753b\u6620\u753b\u6620\u753b", 0, 0, 1,
                  true);
  return report;
}

TEST(RenderTerminal, ShowsWhatAReaderAsksFor) {
  const std::string out = render_terminal(test::film_report(), 80, false);
  for (const char* expected :
       {"model      tiny", "composite  mamba-lrp", "target     positive, score 2.50, probability 90.0 %",
        "runner-up  negative (logit 0.250, probability 10.0 %)", "read at    token 9 ([SEP])",
        "An [-unlikely-], {+good+} {+film+}.", "tokens outside the text: -0.12 in all", "unlikely  -0.75  "})
    EXPECT_THAT(out, HasSubstr(expected)) << out;
  // Sorted by magnitude, and zeros left out.
  EXPECT_LT(out.find("  good "), out.find("  unlikely "));
  EXPECT_LT(out.find("  unlikely "), out.find("  film "));
  EXPECT_THAT(out, Not(HasSubstr("  An ")));
}

TEST(RenderTerminal, LastLineHoldsTheSumAgainstTheScore) {
  TextReport report = test::film_report();
  EXPECT_THAT(render_terminal(report, 200, false),
              EndsWith("\nrelevance sums to 1.69 of the score 2.50; the rest was absorbed on the way (see "
                       "`lrpp audit`)\n"));
  report.score = report.relevance_sum;
  EXPECT_THAT(render_terminal(report, 200, false),
              EndsWith("\nrelevance sums to 1.69: all of the score 1.69\n"));
  report.score = 1;
  EXPECT_THAT(
      render_terminal(report, 200, false),
      HasSubstr("sums to 1.69, unlike the score 1.00; the difference of -0.688 was absorbed on the way"));
  report.provenance["start"] = "one";
  report.score = 5;
  report.relevance_sum = 0.5;
  EXPECT_THAT(render_terminal(report, 200, false), HasSubstr("sums to 0.500 of the 1 put on the target"));
  report.multiplier = true;
  EXPECT_THAT(
      render_terminal(report, 200, false),
      EndsWith("\nthese are gradients, which need not add up: they sum to 0.500, and the score is 5.00\n"));
}

TEST(RenderTerminal, ContrastsShowTheTwoLargestOutputs) {
  TextReport report = test::film_report();
  report.target = "positive - negative";
  const std::string out = render_terminal(report, 80, false);
  EXPECT_THAT(out, HasSubstr("first      positive (logit 2.50"));
  EXPECT_THAT(out, HasSubstr("second     negative (logit 0.250"));
  EXPECT_THAT(out, Not(HasSubstr("runner-up")));
}

TEST(RenderTerminal, NoLineIsWiderThanAsked) {
  for (const TextReport& report :
       {wide_report(), test::film_report(), test::hostile_report(), test::long_report(400, 5)}) {
    for (int width = 20; width <= 130; ++width) {
      for (const bool color : {false, true}) {
        for (const std::string& line : lines_of(without_colors(render_terminal(report, width, color))))
          ASSERT_LE(columns(line), width) << width << ": " << line;
      }
    }
  }
}

// Each code point's columns are those that terminals give it (East Asian Width, and one for spacing marks).
TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("\u6620\u753b"), 4);
  EXPECT_EQ(display_width("e\u0301"), 1);
  EXPECT_EQ(display_width("\u0939\u093f\u0928\u094d\u0926\u0940"), 5);
  EXPECT_EQ(display_width("\u2764\uFE0F"), 2);
  // At most: two pictures side by side where the joiner is not known.
  EXPECT_EQ(display_width("\U0001F469\u200D\U0001F467"), 4);
  EXPECT_EQ(display_width("\U0001F1EB\U0001F1F7"), 4);
}

TEST(RenderTerminal, WordsAreNotBrokenWhereALineHoldsThem) {
  const TextReport report = test::long_report(150, 5);
  for (int width = 20; width <= 60; ++width) {
    std::istringstream in(render_terminal(report, width, false));
    std::vector<std::string> words{std::istream_iterator<std::string>(in), {}};
    for (int i = 0; i < 150; ++i) {
      const std::string word = i == 5 ? "{+w5+}" : "w" + std::to_string(i);
      EXPECT_THAT(words, ::testing::Contains(word)) << width;
    }
  }
}

TEST(RenderTerminal, NarrowerThanTwentyColumnsIsRefused) {
  for (const int width : {19, 0, -1})
    EXPECT_THROW(render_terminal(test::film_report(), width, false), UserError);
}

TEST(RenderTerminal, ColourOnlyWhereAsked) {
  EXPECT_THAT(render_terminal(test::film_report(), 80, false), Not(HasSubstr("\x1b")));
  const std::string out = render_terminal(test::film_report(), 80, true);
  EXPECT_THAT(out, HasSubstr("\x1b[48;5;160;38;5;231mgood\x1b[0m"));
  EXPECT_THAT(out, HasSubstr("\x1b[48;5;110;38;5;16munlikely\x1b[0m, "));
  // No colour runs into the next line.
  for (const std::string& line : lines_of(out)) {
    if (line.find('\x1b') != std::string::npos) {
      EXPECT_GT(line.rfind("\x1b[0m") + 1, line.rfind("\x1b[48") + 1) << line;
    }
  }
}

TEST(RenderTerminal, NothingInTheInputReachesTheTerminal) {
  for (const bool color : {false, true}) {
    const std::string out = without_colors(render_terminal(test::hostile_report(), 80, color));
    for (const char32_t c : decode_utf8(out))
      EXPECT_FALSE(c != '\n' && is_hidden(c)) << static_cast<uint32_t>(c);
  }
  EXPECT_THAT(render_terminal(test::hostile_report(), 400, false),
              HasSubstr("\\u001b[2J\\u0007\\r\\u0008\\u007f\\u009b31m\\u202e"));
}

TEST(RenderTerminal, InvalidUtf8IsReplaced) {
  TextReport report = test::empty_report();
  report.text = "a\xff\xc3";
  test::add_token(report, "\xff", 1, 2, 1);
  EXPECT_THAT(render_terminal(report, 80, false), HasSubstr("a{+\uFFFD+}\uFFFD"));
}

TEST(RenderTerminal, LettersSideBySideShareAMark) {
  TextReport report = test::empty_report();
  report.text = "CTATAG";
  for (int64_t i = 0; i < 6; ++i)
    test::add_token(report, report.text.substr(static_cast<size_t>(i), 1), i, i + 1,
                    i == 0   ? 0
                    : i == 5 ? -1
                             : 1);
  const std::string out = render_terminal(report, 80, false);
  EXPECT_THAT(out, HasSubstr("C{+TATA+}[-G-]"));
  EXPECT_THAT(out, HasSubstr("letters with the most relevance"));
  EXPECT_THAT(out, HasSubstr("T, token 1"));
  EXPECT_EQ(render_terminal(report, 80, true).find("{+"), std::string::npos);
}

TEST(RenderTerminal, LineBreaksOfTheTextBreakLines) {
  TextReport report = test::empty_report();
  report.text = "one\r\ntwo\n\n  three";
  test::add_token(report, "one", 0, 3, 0);
  EXPECT_THAT(render_terminal(report, 80, false), HasSubstr("\none\ntwo\n\n  three\n"));
}

TEST(RenderTerminal, LineBreaksThatMatterAreSeen) {
  TextReport report = test::empty_report();
  report.text = "one\ntwo";
  test::add_token(report, "\\n", 3, 4, 1);
  EXPECT_THAT(render_terminal(report, 80, false), HasSubstr("one{+\\n+}\ntwo\n"));
}

TEST(RenderTerminal, LongTextsSayWhatWasLeftOut) {
  const std::string out = render_terminal(test::long_report(500, 250), 80, false);
  EXPECT_THAT(out, HasSubstr("\n[... 238 words left out ...]\nw238 "));
  EXPECT_THAT(out, HasSubstr("{+w250+}"));
  EXPECT_THAT(out, HasSubstr(" w262\n[... 237 words left out ...]\n"));
  EXPECT_THAT(out, Not(HasSubstr("w263")));
}

TEST(RenderTerminal, ZeroEverywhereSingleAndNone) {
  TextReport report = test::empty_report();
  report.text = "word";
  test::add_token(report, "word", 0, 4, 0);
  EXPECT_THAT(render_terminal(report, 80, true), HasSubstr("every word's relevance is zero"));
  report.tokens[0].relevance = report.relevance_sum = -1;
  EXPECT_THAT(render_terminal(report, 80, false), HasSubstr("[-word-]"));
  EXPECT_THAT(render_terminal(test::empty_report(), 80, true), HasSubstr("every word's relevance is zero"));
}

TEST(RenderTerminal, HugeAndTinyValuesStayNumbers) {
  for (const double scale : {1e-310, 1e-30, 1e30, 1e300}) {
    TextReport report = test::film_report();
    for (auto& token : report.tokens) token.relevance *= scale;
    report.relevance_sum *= scale;
    report.score *= scale;
    const std::string out = render_terminal(report, 80, false);
    EXPECT_THAT(out, Not(HasSubstr("nan")));
    EXPECT_THAT(out, Not(HasSubstr("inf")));
    EXPECT_THAT(out, HasSubstr("{+good+}"));
  }
}

TEST(RenderTerminal, SameInputSameOutput) {
  EXPECT_EQ(render_terminal(wide_report(), 70, true), render_terminal(wide_report(), 70, true));
}

TEST(ReportText, NumbersReadWell) {
  EXPECT_EQ(NumberFormat(2)(-0.75), "-0.75");
  EXPECT_EQ(NumberFormat(2)(-0.001), "0.00");
  EXPECT_EQ(NumberFormat(2)(-0.0), "0");
  EXPECT_EQ(NumberFormat(1234)(1234), "+1234");
  EXPECT_EQ(NumberFormat(1e9)(5), "+5.00e+00");
  EXPECT_EQ(format_exact(static_cast<double>(0.1f)), "+0.1");
  EXPECT_EQ(format_exact(0.1), "+0.1");
  EXPECT_EQ(format_exact(1.0 / 3), "+0.3333333333333333");
  EXPECT_EQ(format_percent(0.99999), "> 99.9 %");
  EXPECT_EQ(format_percent(1), "100.0 %");
  EXPECT_EQ(format_percent(1e-9), "< 0.1 %");
  EXPECT_EQ(format_percent(0), "0.0 %");
}

}  // namespace
}  // namespace lrpp
