#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lrpp/framework/report/evaluation_report.h>
#include <lrpp/framework/report/plot.h>

#include <cmath>

namespace lrpp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

EvaluationReport sample() {
  EvaluationReport report;
  report.model = "tiny";
  report.data = "a<b.tsv";
  report.examples = 3;
  report.skipped = 1;
  report.accuracy = 2.0 / 3;
  report.target = "argmax";
  report.methods = {{"mamba-lrp", 250}, {"random(seed=1)", 900}};
  report.scores = {{"flipping(steps=2)",
                    "dA_F",
                    1,
                    {{1.5, 1, 2}, {0, -0.5, 0.5}},
                    {{0, 0, 0}, {1.5, 1.2, 1.8}},
                    {1, 0.01}},
                   {"conservation", "sum", 0, {{3, 3, 3}, {1, 1, 1}}, {{0, 0, 0}, {2, 2, 2}}, {1, 0.5}}};
  for (size_t m = 0; m < 2; ++m) {
    for (const char* name : {"MoRF", "LeRF"})
      report.curves.push_back(
          {"flipping(steps=2)", name, m, {0, 0.5, 1}, {{2, 1, 3}, {1 - 3.0 * m, 0, 2}, {-1, -1, -1}}});
  }
  report.settings = {{"seed", 3}};
  return report;
}

TEST(EvaluationReport, Markdown) {
  const std::string page = render_markdown(sample());
  EXPECT_THAT(page, HasSubstr("3 examples of a<b.tsv (1 left out), of which the model gets 66.7% right"));
  EXPECT_THAT(page, HasSubstr("| method | dA_F \u2191 | explanations/s |"));
  EXPECT_THAT(page, HasSubstr("| mamba-lrp | 1.5 [1, 2] | 250 |"));
  EXPECT_THAT(page, HasSubstr("| random(seed=1) | flipping(steps=2) dA_F \u2191 | 1.5 [1.2, 1.8] | 0.01 |"));
  EXPECT_THAT(page, Not(HasSubstr("| random(seed=1) | conservation"))) << "a sum is neither good nor bad";
}

TEST(EvaluationReport, Json) {
  const Json json = to_json(sample());
  EXPECT_EQ(json["methods"][1]["scores"]["flipping(steps=2)"]["dA_F"]["first_less_this"]["low"], 1.2);
  EXPECT_FALSE(json["methods"][0]["scores"]["flipping(steps=2)"]["dA_F"].contains("p"));
  EXPECT_EQ(json["methods"][0]["curves"]["flipping(steps=2)"]["LeRF"]["values"][2]["mean"], -1);
  EXPECT_EQ(json["methods"][0]["explanations_per_second"], 250);
}

TEST(EvaluationReport, HtmlIsEscapedAndHasItsCurves) {
  const std::string page = render_html(sample());
  EXPECT_THAT(page, HasSubstr("a&lt;b.tsv"));
  EXPECT_THAT(page, HasSubstr("<svg"));
  EXPECT_THAT(page, HasSubstr("stroke-dasharray"));
  EXPECT_THAT(page, HasSubstr("mamba-lrp, MoRF"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
}

TEST(EvaluationReport, PngHasALineOfEachColour) {
  const Image image = render_curves(sample());
  for (const size_t color : {size_t{0}, size_t{1}}) {
    const Rgb wanted = plot_color(color);
    int64_t found = 0;
    for (size_t i = 0; i + 2 < image.pixels.size(); i += 3) {
      // Slanted lines are smoothed: most of their pixels lie between the colour and what is behind.
      const auto near = [&](size_t channel, uint8_t value) {
        return std::abs(int{image.pixels[i + channel]} - int{value}) <= 64;
      };
      if (near(0, wanted.red) && near(1, wanted.green) && near(2, wanted.blue)) ++found;
    }
    EXPECT_GT(found, 100) << color;
  }
  EvaluationReport none = sample();
  none.curves.clear();
  EXPECT_ANY_THROW(render_curves(none));
}

TEST(Plot, AxesEndBeyondTheValuesAtRoundMarks) {
  const PlotAxis axis = plot_axis(-1.3, 4.1);
  EXPECT_LT(axis.begin, -1.3);
  EXPECT_GT(axis.end, 4.1);
  EXPECT_EQ(axis.ticks, (std::vector<double>{-1, 0, 1, 2, 3, 4}));
  for (const auto& [low, high] :
       std::vector<std::pair<double, double>>{{3, 3}, {0, 0}, {1e-9, 2e-9}, {-1e9, 1e9}}) {
    const PlotAxis other = plot_axis(low, high);
    EXPECT_LT(other.begin, other.end);
    EXPECT_GE(other.ticks.size(), 2u);
    EXPECT_LE(other.ticks.size(), 12u);
  }
}

}  // namespace
}  // namespace lrpp
