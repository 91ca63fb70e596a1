#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lrpp/framework/report/audit_report.h>

#include <cmath>

namespace lrpp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AuditReport sample() {
  AuditReport report;
  report.model = "tiny<b>";
  report.target = "positive";
  report.composite = "mamba-lrp";
  report.seed = 4;
  report.attributed = 3;
  report.tolerance = 1e-10;
  report.rest = 1e-16;
  report.nodes = {{"embedding", "embedding", "", true, 3, 3, {}, 0},
                  {"small", "linear", "epsilon", true, 3.2, 3, {0.2, 0, 0, 0}, 1e-16},
                  {"large", "linear", "epsilon", true, 4, 3.2, {0.8, 0, 0, 0}, 1e-16},
                  {"aside", "linear", "epsilon", false, 0, 0, {}, 0}};
  return report;
}

TEST(AuditReport, SaysInOneSentenceWhetherSomethingIsMissing) {
  EXPECT_EQ(audit_sentence(sample()),
            "No: every bit of relevance is accounted for. The inputs hold 75.0 % of the score; of what was "
            "absorbed on the way, most went to biases (25.0 %).");
  AuditReport off = sample();
  off.nodes[1].imbalance = 0.05;
  EXPECT_FALSE(off.balances());
  EXPECT_THAT(audit_sentence(off), HasSubstr("Yes: 1 node(s) are off by more than 1e-10"));
  off.nodes[1].imbalance = NAN;
  EXPECT_FALSE(off.balances()) << "what is no number balances nowhere";
  AuditReport unexplained = sample();
  unexplained.rest = 0.01;
  EXPECT_FALSE(unexplained.balances());
}

TEST(AuditReport, PageHasTheWorstNodesFirst) {
  AuditReport report = sample();
  std::string page = render_html(report);
  EXPECT_THAT(page, HasSubstr("tiny&lt;b&gt;"));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_LT(page.find(">large<"), page.find(">small<")) << "what absorbs most comes first";
  EXPECT_THAT(page, HasSubstr("not reached"));
  report.nodes[1].imbalance = 0.5;
  page = render_html(report);
  EXPECT_GT(page.find(">large<"), page.find(">small<")) << "what is off comes before";
  EXPECT_THAT(page, HasSubstr("<strong>5e-01</strong>"));
}

}  // namespace
}  // namespace lrpp
