#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/text_report.h>
#include <lrpp/framework/report/unicode_text.h>
#include <lrpp/tests/framework/report/report_samples.h>

#include <limits>
#include <regex>
#include <set>

namespace lrpp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

size_t count(const std::string& text, const std::string& part) {
  size_t result = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++result;
  return result;
}

/// What an element may hold, and whether elements close in the order they opened. Empty where all is well.
std::string first_fault(const std::string& page) {
  const std::set<std::string> known = {
      "html", "head", "title",   "style",   "body", "main",  "article", "h1",    "h2",    "h3",
      "nav",  "ol",   "li",      "a",       "dl",   "dt",    "dd",      "p",     "span",  "bdi",
      "b",    "i",    "q",       "strong",  "code", "table", "caption", "thead", "tbody", "tr",
      "th",   "td",   "details", "summary", "div",  "pre",   "footer"};
  std::vector<std::string> open;
  for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    const size_t end = page.find('>', at);
    if (end == std::string::npos) return "an unfinished tag";
    const bool closes = page[at + 1] == '/';
    const size_t name_begin = at + (closes ? 2 : 1);
    const std::string name = page.substr(name_begin, page.find_first_of(" >", name_begin) - name_begin);
    if (name == "!DOCTYPE" || name == "meta") continue;
    if (!known.contains(name)) return "<" + name + ">";
    if (!closes) {
      open.push_back(name);
    } else if (open.empty() || open.back() != name) {
      return "</" + name + "> where " + (open.empty() ? "nothing" : open.back()) + " is open";
    } else {
      open.pop_back();
    }
  }
  return open.empty() ? "" : open.back() + " is not closed";
}

TEST(RenderHtml, IsAWholePageOfItsOwn) {
  const std::string page = render_html({test::film_report()});
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"));
  for (const char* expected : {"<meta name=\"viewport\"", "<title>positive: tiny</title>",
                               "prefers-color-scheme:dark", "@media print", "default-src 'none'"})
    EXPECT_THAT(page, HasSubstr(expected));
  for (const char* network : {"http:", "https:", "src=", "@import", "url(", "<link", "<script"})
    EXPECT_THAT(page, Not(HasSubstr(network)));
  EXPECT_EQ(first_fault(page), "");
}

TEST(RenderHtml, WordsHaveColoursAndTheirTokensValues) {
  const std::string page = render_html({test::film_report()});
  EXPECT_THAT(
      page, HasSubstr("<span class=\"w p8\" tabindex=\"0\" aria-describedby=\"r0w3\">good</span>"
                      "<span class=\"tip\" role=\"tooltip\" id=\"r0w3\">"
                      "<span><bdi class=\"token\">good</bdi> +2 <span class=\"muted\">token 6, id 7</span>"));
  EXPECT_THAT(page,
              HasSubstr("<span class=\"w n n3\" tabindex=\"0\" aria-describedby=\"r0w1\">unlikely</span>"));
  EXPECT_THAT(page, HasSubstr("<b><bdi>unlikely</bdi> -0.75, the sum of</b>"));
  EXPECT_THAT(page, HasSubstr("<bdi class=\"token\">##like</bdi> +0.5 "));
  // Relevance that rounds to no colour still has its value.
  EXPECT_THAT(page, HasSubstr("<span class=\"w\" tabindex=\"0\" aria-describedby=\"r0w2\">,</span>"));
}

TEST(RenderHtml, ShowsOutputsSumsSpecialTokensAndRules) {
  const std::string page = render_html({test::film_report()});
  for (const char* expected :
       {"<dt>Runner-up</dt><dd><bdi>negative</bdi>, logit 0.250, probability 10.0 %; the target is ahead by "
        "2.25 "
        "(<code>--target '<bdi>positive</bdi>-<bdi>negative</bdi>'</code> explains the difference)</dd>",
        "<bdi>positive</bdi> <span class=\"muted\">(target)</span>",
        "Relevance sums to 1.69 of the score 2.50; the rest was absorbed on the way (see <code>lrpp "
        "audit</code>).",
        "Tokens that stand for no text: -0.12 in all", "<summary>All 10 tokens</summary>",
        "<tr><td>linear</td><td>epsilon</td><td>epsilon = 0.25</td><td class=\"num\">2</td></tr>",
        "<tr><td>linear</td><td>epsilon</td><td>epsilon = 0.5</td><td class=\"num\">1</td></tr>",
        "<tr><td>embedding</td><td><span class=\"muted\">none needed</span></td>", "Made with LRP++ 1.2.3"})
    EXPECT_THAT(page, HasSubstr(expected));
}

TEST(RenderHtml, GradientsAreCalledGradients) {
  TextReport report = test::film_report();
  report.multiplier = true;
  const std::string page = render_html({report});
  EXPECT_THAT(page, HasSubstr("These are gradients, which need not add up"));
  EXPECT_THAT(page, Not(HasSubstr(">Relevance")));
  EXPECT_THAT(page, Not(HasSubstr("for the target")));
}

TEST(RenderHtml, EveryTextIsShownAndNoneRuns) {
  for (const auto& reports :
       {std::vector{test::hostile_report()}, {test::hostile_report(), test::hostile_report()}}) {
    const std::string page = render_html(reports);
    EXPECT_EQ(first_fault(page), "");
    EXPECT_THAT(page, Not(HasSubstr("<script")));
    EXPECT_THAT(page, Not(HasSubstr("<img")));
    EXPECT_EQ(count(page, "</style"), 1u);
    EXPECT_EQ(count(page, "</title"), 1u);
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
    EXPECT_THAT(page, HasSubstr("\\u001b[2J"));
    for (const char32_t c : decode_utf8(page))
      ASSERT_FALSE(is_hidden(c) && c != '\n') << static_cast<uint32_t>(c);
  }
}

TEST(RenderHtml, EscapesMarkupInContentAndAttributes) {
  EXPECT_EQ(escape_html("<a href=\"x\" b='y'>&\n\u2028"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;\\n\\u2028");
  EXPECT_EQ(escape_html_text("a\r\nb\tc\rd\xff"), "a\nb\tc\\rd\uFFFD");
}

TEST(RenderHtml, IdsAreUniqueAndLinksLead) {
  TextReport long_text = test::long_report(600, 300);
  const std::string page = render_html({test::film_report(), long_text, test::film_report()});
  std::set<std::string> ids;
  const std::regex id_pattern(" id=\"([^\"]*)\""),
      link_pattern("(?:href=\"#|aria-describedby=\"|labelledby=\")([^\"]*)\"");
  for (auto i = std::sregex_iterator(page.begin(), page.end(), id_pattern); i != std::sregex_iterator(); ++i)
    EXPECT_TRUE(ids.insert((*i)[1]).second) << (*i)[1];
  for (auto i = std::sregex_iterator(page.begin(), page.end(), link_pattern); i != std::sregex_iterator();
       ++i)
    EXPECT_TRUE(ids.contains((*i)[1])) << (*i)[1];
}

TEST(RenderHtml, BatchesAreArticlesWithAList) {
  TextReport ids = test::empty_report();
  test::add_token(ids, "17", 0, 0, 1);
  const std::string page = render_html({test::film_report(), ids});
  EXPECT_EQ(first_fault(page), "");
  EXPECT_EQ(count(page, "<article"), 2u);
  EXPECT_EQ(count(page, "<h1>"), 1u);
  EXPECT_THAT(
      page,
      HasSubstr("<li><a href=\"#r0\"><bdi>positive</bdi></a>: <bdi>An unlikely, good film.</bdi></li>"));
  EXPECT_THAT(page, HasSubstr("<bdi>1 tokens</bdi>"));
}

TEST(RenderHtml, LongTextsAreFoldedAndWhole) {
  const std::string page = render_html({test::long_report(600, 300)});
  EXPECT_EQ(first_fault(page), "");
  EXPECT_THAT(page, HasSubstr("<span class=\"left\">[\u2026 288 words left out \u2026]</span>"));
  EXPECT_THAT(page, HasSubstr("<summary>The whole text (600 words)</summary>"));
  const std::string whole = page.substr(page.find("The whole text (600 words)"));
  EXPECT_THAT(whole, HasSubstr("title=\""));
  EXPECT_THAT(whole, Not(HasSubstr("tooltip"))) << "thousands of tips are slow to open";
  // Once in the excerpt and once in the whole, or only in the whole.
  EXPECT_EQ(count(page, ">w300</span>"), 2u);
  EXPECT_EQ(count(page, ">w10</span>"), 1u);
}

TEST(RenderHtml, ZeroEverywhereSingleAndNone) {
  TextReport report = test::empty_report();
  report.text = "word";
  test::add_token(report, "word", 0, 4, 0);
  EXPECT_THAT(render_html({report}), HasSubstr("Every word\u2019s relevance is zero"));
  report.tokens[0].relevance = -1;
  EXPECT_THAT(render_html({report}), HasSubstr("class=\"w n n8\""));
  report.tokens.clear();
  report.text.clear();
  report.outputs.clear();
  EXPECT_EQ(first_fault(render_html({report})), "");
  EXPECT_THROW(render_html({}), UserError);
}

TEST(RenderHtml, NoNanWhateverTheScale) {
  for (const double scale : {0.0, 1e-310, 1e-30, 1e30, 1e300}) {
    TextReport report = test::film_report();
    for (auto& token : report.tokens) token.relevance *= scale;
    report.relevance_sum *= scale;
    report.score *= scale;
    const std::string page = render_html({report});
    EXPECT_FALSE(std::regex_search(page, std::regex("[^a-z](nan|inf)[^a-z]"))) << scale;
  }
  TextReport report = test::film_report();
  report.outputs[0].probability = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(render_html({report}), UserError);
}

TEST(RenderHtml, OddProvenanceDoesNotBreakThePage) {
  for (const char* odd :
       {"null", "3", "[]", "{\"rules\": 5}", "{\"rules\": [1, null, {\"op\": 3, \"parameters\": [2]}]}",
        "{\"versions\": \"x\"}", "{\"start\": {}}"}) {
    TextReport report = test::film_report();
    report.provenance = Json::parse(odd);
    EXPECT_EQ(first_fault(render_html({report})), "") << odd;
  }
}

TEST(RenderHtml, SameInputSameOutput) {
  EXPECT_EQ(render_html({test::film_report()}), render_html({test::film_report()}));
}

}  // namespace
}  // namespace lrpp
