// Fused ops against the simple ops that they stand for, over whole explanations.
#include <gtest/gtest.h>
#include <lrpp/framework/fused_op.h>
#include <lrpp/tests/plugins/mamba/cases.h>
#include <lrpp/tests/support/models.h>

#include <map>

namespace lrpp {
namespace {

using namespace testing;

/// How often each fused op stands in a plan.
std::map<std::string, int> fused_ops(const Plan& plan) {
  std::map<std::string, int> counts;
  for (const Node& node : plan.graph.nodes()) {
    if (dynamic_cast<const FusedOp*>(node.op.get()) != nullptr) ++counts[std::string(node.op->type())];
  }
  return counts;
}

Attribution explain_plan(const Model& model, const Plan& plan, const std::string& name,
                         Recompute recompute = Recompute::never) {
  ExplainOptions options;
  options.memory.recompute = recompute;
  return explain(plan, case_inputs(model, case_tensors(name)), model.labels, options);
}

class Fused : public ::testing::TestWithParam<std::string> {};

TEST_P(Fused, ExplainsAsTheSimpleOpsDo) {
  const Model model = load_case(GetParam());
  Composite composite = builtin_registry().make_composite("mamba-lrp");
  const Plan fused = make_plan(model.graph, composite);
  composite.fusions.clear();
  const Plan simple = make_plan(model.graph, composite);
  EXPECT_FALSE(fused_ops(fused).empty());
  EXPECT_TRUE(fused_ops(simple).empty());
  const Attribution a = explain_plan(model, fused, GetParam()), b = explain_plan(model, simple, GetParam());
  // Float64; only the order of sums differs.
  EXPECT_LT(relative_difference(a.logits, b.logits), 1e-12);
  EXPECT_LT(relative_difference(a.relevance, b.relevance), 1e-12);
  // What the record says of rules does not depend on how they were computed.
  EXPECT_EQ(rules_record(fused).size(), rules_record(simple).size());
}

TEST_P(Fused, ComputedAgainItIsTheSameToTheBit) {
  const Model model = load_case(GetParam());
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"));
  EXPECT_FALSE(plan.segments.empty());
  const Attribution kept = explain_plan(model, plan, GetParam(), Recompute::never);
  const Attribution again = explain_plan(model, plan, GetParam(), Recompute::always);
  EXPECT_TRUE(at::equal(kept.relevance, again.relevance));
}

INSTANTIATE_TEST_SUITE_P(Families, Fused,
                         ::testing::Values("hf-forward/mamba-tied", "hf-forward/falcon-mamba",
                                           "hf-forward/mamba2", "hf-forward/jamba", "hf-forward/bamba"),
                         test_name);

TEST(Fusion, PutsAMixerInPlaceOfEachButTheLast) {
  const Model model = load_case("hf-forward/mamba-tied");
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"));
  const auto counts = fused_ops(plan);
  int64_t scans = 0, fused = counts.contains("mamba_mixer") ? counts.at("mamba_mixer") : 0;
  for (const Node& node : plan.graph.nodes()) scans += node.op->type() == "selective_scan";
  EXPECT_EQ(scans, 1);  // the last layer's, of which one token is picked
  EXPECT_GT(fused, 0);
}

TEST(Fusion, LeavesWhatRulesDoNotAllow) {
  const Model model = load_case("hf-forward/mamba-tied");
  // The gradient flows into the scan's parameters, and SiLU's factor is not held.
  EXPECT_TRUE(fused_ops(make_plan(model.graph, builtin_registry().make_composite("gradient"))).empty());
  // A stabiliser in SiLU's factor is another rule.
  const auto stabilized = builtin_registry().make_composite("mamba-lrp", {{"stabilizer", 1e-6}});
  const auto counts = fused_ops(make_plan(model.graph, stabilized));
  EXPECT_FALSE(counts.contains("mamba_mixer"));
  EXPECT_FALSE(counts.contains("conv1d_silu"));
}

TEST(Fusion, AnAuditShowsTheSimpleOps) {
  const Model model = load_case("hf-forward/mamba-tied");
  EXPECT_TRUE(
      fused_ops(make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"), /*audit=*/true))
          .empty());
}

}  // namespace
}  // namespace lrpp
