// The parts of pages and terminals that show where relevance went on its way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/html_flow.h>
#include <lrpp/framework/report/html_layers.h>
#include <lrpp/framework/report/terminal_layers.h>
#include <lrpp/tests/framework/report/report_samples.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TextReport layered() {
  TextReport report = test::film_report();
  report.layers = {{"net.layers.0", 0, 0, {}}, {"net.layers.1", 0, 0, {}}};
  for (size_t t = 0; t < report.tokens.size(); ++t) {
    report.layers[0].relevance.push_back(report.tokens[t].relevance);
    report.layers[1].relevance.push_back(t == 6 ? -4 : 0.5);
  }
  return report;
}

std::string layers_of(const TextReport& report) {
  const WordList list = merge_words(report);
  return layers_html(report, list, make_excerpt(list, 250), 2);
}

TEST(LayersHtml, AddsTokensToWordsAndRowsToSums) {
  const std::string html = layers_of(layered());
  // "unlikely" is three tokens: -0.75 + 0.5 - 0.5, then 3 x 0.5. One scale: "good" ends it in the second
  // layer.
  EXPECT_THAT(html, HasSubstr("title=\"unlikely -0.750\""));
  EXPECT_THAT(html, HasSubstr("title=\"unlikely 1.50\""));
  EXPECT_THAT(html, HasSubstr("<td class=\"n8\" title=\"good -4.00\">"));
  EXPECT_THAT(html, HasSubstr("<td class=\"p4\" title=\"good 2.00\">"));
  EXPECT_THAT(html, HasSubstr("ends at 4.00."));
  // [CLS] and [SEP] are put together.
  EXPECT_THAT(html, HasSubstr("title=\"outside -0.125\""));
  EXPECT_THAT(html, HasSubstr("title=\"outside 1.00\""));
  // Each row's sum is that of its tokens: 0.125 - 0.75 + 0.0625 + 2 + 0.5 - 0.25, and 9 x 0.5 - 4.
  EXPECT_THAT(html, HasSubstr("<td class=\"num\">1.69</td></tr>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"num\">0.500</td></tr>"));
  EXPECT_THAT(html, HasSubstr("<code>net.layers</code>"));
  EXPECT_THAT(html, HasSubstr("<th scope=\"row\" title=\"net.layers.1\">1</th>"));
}

TEST(LayersHtml, EscapesNamesAndWords) {
  TextReport report = test::empty_report();
  report.text = "<script>";
  test::add_token(report, "<script>", 0, 8, 1);
  report.layers = {{"\"><b>.0", 0, 0, {1}}};
  const std::string html = layers_of(report);
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;"));
  EXPECT_THAT(html, HasSubstr("&quot;&gt;&lt;b&gt;.0"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
}

TEST(LayersHtml, LongTextsShowTheExcerptAlone) {
  TextReport report = test::long_report(10000, 5000);
  report.layers = {{"0", 0, 0, std::vector<double>(10000, 0.25)}, {"1", 0, 0, std::vector<double>(10000, 0)}};
  const std::string html = layers_of(report);
  EXPECT_LT(html.size(), 200000u);
  EXPECT_THAT(html, HasSubstr("of 10000 words are shown; sums are of all"));
  EXPECT_THAT(html, HasSubstr("<td class=\"num\">2500</td>")) << "the sum is of all";
}

TEST(LayersHtml, NeedsRelevanceForEachToken) {
  EXPECT_EQ(layers_of(test::film_report()), "");
  TextReport report = layered();
  report.layers[1].relevance.pop_back();
  testing::expect_user_error([&] { layers_of(report); }, {"net.layers.1", "10", "9"});
}

TEST(LayersHtml, NamesLoseWhatTheyHaveInCommon) {
  std::string common;
  const auto names = [&](std::vector<std::string> of) {
    std::vector<Report::Layer> layers;
    for (std::string& name : of) layers.push_back({std::move(name), 0, 0, {}});
    return short_layer_names(layers, common);
  };
  EXPECT_THAT(names({"a.b.0", "a.b.1"}), ElementsAre("0", "1"));
  EXPECT_EQ(common, "a.b");
  EXPECT_THAT(names({"a.b.0", "a.c.0", "a.c.1"}), ElementsAre("b.0", "c.0", "c.1"));
  EXPECT_EQ(common, "a");
  EXPECT_THAT(names({"ab.0", "ac.0"}), ElementsAre("ab.0", "ac.0"));
  EXPECT_EQ(common, "");
  EXPECT_THAT(names({"a.0"}), ElementsAre("a.0"));
}

TEST(Flow, NamesTheSharesLargestFirst) {
  const Flow flow{4, 3, {1.2, -0.2, 0, 0}};
  EXPECT_EQ(flow_sentence(flow), "inputs 75.0 %, biases 30.0 %, stabilisers -5.0 %");
  EXPECT_EQ(flow_sentence(Flow{}), "nowhere: there was no relevance");
  const std::string html = flow_html(flow, 3);
  EXPECT_THAT(html, HasSubstr("<h3"));
  EXPECT_THAT(html, HasSubstr("<i class=\"share0\" style=\"flex-grow:1\">"));
  EXPECT_THAT(html, HasSubstr("<i class=\"share1\" style=\"flex-grow:0.4\">"));
  EXPECT_THAT(html, HasSubstr("<i class=\"share2 back\"")) << "against the score";
  EXPECT_THAT(html, Not(HasSubstr("<i class=\"share3\" style"))) << "no share, no place in the band";
}

TEST(LayersHtml, GradientsHaveNoSums) {
  TextReport report = layered();
  report.multiplier = true;
  report.flow = Flow{4, 3, {1, 0, 0, 0}};
  const std::string html = layers_of(report);
  EXPECT_THAT(html, Not(HasSubstr("Sum")));
  EXPECT_THAT(html, Not(HasSubstr("adds up")));
  EXPECT_THAT(render_html({report}), HasSubstr("inputs times gradients"));
  EXPECT_THAT(render_html({layered()}), Not(HasSubstr("inputs times gradients")));
}

TEST(Facts, TheCommandOfTheLeadSurvivesAShell) {
  TextReport report = test::film_report();
  report.outputs[1].label = "it's";
  EXPECT_THAT(render_html({report}),
              HasSubstr("--target '<bdi>positive</bdi>-<bdi>it&#39;\\&#39;&#39;s</bdi>'"));
}

TEST(Flow, NothingHasNoSign) {
  const Flow against{-2, -2, {}};
  EXPECT_EQ(share_of_score(0, against), "0.0 %");
  EXPECT_EQ(share_of_score(1e-6, against), "0.0 %");
  EXPECT_EQ(share_of_score(-1, against), "50.0 %");
  EXPECT_EQ(share_of_score(1, against), "-50.0 %");
}

TEST(LayersTerminal, KeepsItsWidthAndTheEndsOfNames) {
  TextReport report = layered();
  EXPECT_EQ(layers_terminal(report, 60),
            "relevance that enters each layer, in all\n"
            "  net.layers.0  +1.69  ++++++++++++++++++++++++++++++\n"
            "  net.layers.1  +0.50  +++++++++\n");
  const std::string narrow = layers_terminal(report, 20);
  EXPECT_THAT(narrow, HasSubstr("layers.0  +1.69\n"));
  report.layers.clear();
  EXPECT_THAT(layers_terminal(report, 20), HasSubstr("no place"));
  testing::expect_user_error([&] { layers_terminal(report, 19); }, {"20 columns", "19"});
}

}  // namespace
}  // namespace lrpp
