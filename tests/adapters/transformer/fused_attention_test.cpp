// Attention in blocks against the simple ops that it stands for, over whole explanations.
#include <lrpp/framework/fused_op.h>
#include <lrpp/rules/fused/attention.h>
#include <lrpp/tests/adapters/transformer/cases.h>
#include <lrpp/tests/support/largest_allocation.h>

#include <algorithm>

namespace lrpp {
namespace {

using namespace testing;
using rules::attention_fusion;
using rules::block_bytes_on_cpu;
using rules::cut_scores;
using rules::ScoreBlock;

int count(const Plan& plan, const std::string& type) {
  return static_cast<int>(std::count_if(plan.graph.nodes().begin(), plan.graph.nodes().end(),
                                        [&](const Node& node) { return node.op->type() == type; }));
}

Plan plan_with(const Model& model, Composite composite, std::vector<Fusion> fusions) {
  composite.fusions = std::move(fusions);
  return make_plan(model.graph, composite);
}

Attribution explain_plan(const Model& model, const Plan& plan, const std::map<std::string, Tensor>& inputs,
                         Recompute recompute = Recompute::never) {
  ExplainOptions options;
  options.memory.recompute = recompute;
  return explain(plan, inputs, model.labels, options);
}

/// The rules of all nodes, whatever their order.
std::vector<std::string> rules_of(const Plan& plan) {
  std::vector<std::string> rules;
  for (const Json& entry : rules_record(plan)) rules.push_back(entry.dump());
  std::sort(rules.begin(), rules.end());
  return rules;
}

/// Blocks of all scores of these small models, of a few queries of a few heads, and of one query each.
const std::vector<int64_t> block_sizes{block_bytes_on_cpu, 600, 1};

/// Float64; only the order of sums differs, through at most four layers.
constexpr double tolerance = 1e-11;

class FusedAttention : public ::testing::TestWithParam<std::string> {};

TEST_P(FusedAttention, ExplainsAsTheSimpleOpsDo) {
  const Model model = load_case(GetParam());
  const auto inputs = case_inputs(model, case_tensors(GetParam()));
  for (const char* name : {"gradient", "attn-lrp", "cp-lrp", "lrp-0", "mamba-lrp", "epsilon-plus"}) {
    SCOPED_TRACE(name);
    const Composite composite = builtin_registry().make_composite(name);
    const Plan simple = plan_with(model, composite, {});
    const Attribution expected = explain_plan(model, simple, inputs);
    for (const int64_t bytes : block_sizes) {
      const Plan fused = plan_with(model, composite, {attention_fusion(bytes)});
      EXPECT_EQ(rules_of(fused), rules_of(simple));
      EXPECT_EQ(count(fused, "attention") + count(fused, "softmax"), count(simple, "softmax"));
      const Attribution got = explain_plan(model, fused, inputs);
      EXPECT_LT(relative_difference(got.logits, expected.logits), tolerance) << bytes;
      EXPECT_LT(relative_difference(got.relevance, expected.relevance), tolerance) << bytes;
    }
  }
}

TEST_P(FusedAttention, StandsForEveryAttention) {
  const Model model = load_case(GetParam());
  for (const char* name : {"gradient", "gradient-x-input", "ln-rule", "attn-lrp", "cp-lrp", "lrp-0"}) {
    const Plan plan = make_plan(model.graph, builtin_registry().make_composite(name));
    EXPECT_GT(count(plan, "attention"), 0) << name;
    EXPECT_EQ(count(plan, "softmax"), 0) << name;
  }
  EXPECT_EQ(
      count(make_plan(model.graph, builtin_registry().make_composite("cp-lrp"), /*audit=*/true), "attention"),
      0);
}

TEST_P(FusedAttention, ComputedAgainItIsTheSameToTheBit) {
  const Model model = load_case(GetParam());
  const auto inputs = case_inputs(model, case_tensors(GetParam()));
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite("attn-lrp"));
  const Attribution kept = explain_plan(model, plan, inputs, Recompute::never);
  const Attribution again = explain_plan(model, plan, inputs, Recompute::always);
  EXPECT_TRUE(at::equal(kept.relevance, again.relevance));
}

INSTANTIATE_TEST_SUITE_P(Cases, FusedAttention, ::testing::ValuesIn(all_models()), test_name);

class FusedAttentionRounded : public ::testing::TestWithParam<at::ScalarType> {};

TEST_P(FusedAttentionRounded, IsAsCloseToFloat64AsTheSimpleOpsAre) {
  for (const char* name : {"hf-forward/bert", "hf-forward/gpt2", "hf-forward/llama-gqa", "hf-forward/gemma2",
                           "hf-forward/vit"}) {
    const auto tensors = case_tensors(name);
    const Model exact = load_case(name), model = load_case(name, GetParam());
    const auto inputs = case_inputs(model, tensors);
    for (const char* rules : {"attn-lrp", "cp-lrp"}) {
      SCOPED_TRACE(std::string(name) + ", " + rules);
      const Composite composite = builtin_registry().make_composite(rules);
      const Tensor expected =
          explain_plan(exact, plan_with(exact, composite, {}), case_inputs(exact, tensors)).relevance;
      const auto error = [&](const std::vector<Fusion>& fusions) {
        const Tensor got = explain_plan(model, plan_with(model, composite, fusions), inputs).relevance;
        return relative_difference(got.to(at::kDouble), expected);
      };
      // Both sides round the same factors; sums over blocks are in float32. The largest of some hundred
      // errors is a matter of luck: twice leaves room for that.
      const double simple = error({});
      for (const int64_t bytes : block_sizes)
        EXPECT_LT(error(std::vector<Fusion>{attention_fusion(bytes)}), 2 * simple) << bytes;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Dtypes, FusedAttentionRounded, ::testing::Values(at::kFloat, at::kBFloat16));

TEST(FusedAttentionRules, OtherRulesKeepTheSimpleOps) {
  const Model capped = load_case("hf-forward/gemma2");
  // The rule `pass` on the cap, whose relevance would have to be that of values that are not there.
  const Plan plan = make_plan(capped.graph, builtin_registry().make_composite("epsilon-plus"));
  EXPECT_EQ(count(plan, "attention"), 0);
  EXPECT_GT(count(plan, "softmax"), 0);
}

TEST(FusedAttentionRules, KeepsOnlyWhatRulesReach) {
  const Model model = load_case("hf-forward/llama-gqa");
  const Plan held = make_plan(model.graph, builtin_registry().make_composite("cp-lrp"));
  int queries = 0, values = 0;
  for (size_t i = 0; i < held.steps.size(); ++i) {
    const std::string& name = held.graph.nodes()[i].name;
    if (name.find("q_heads") != std::string::npos) queries += held.steps[i].reached;
    if (name.find("v_heads") != std::string::npos) values += held.steps[i].reached;
  }
  EXPECT_EQ(queries, 0);
  EXPECT_GT(values, 0);
}

/// A Llama of two layers on a long text, its rotary table as long.
Model long_llama() {
  EditedModel edited("hf-forward/llama-gqa");
  edited.config["max_position_embeddings"] = 4096;
  return edited.load(at::kFloat);
}

TEST(FusedAttentionMemory, NoTensorHoldsAllScoresOfAHead) {
  constexpr int64_t tokens = 3072;
  const Model model = long_llama();
  const Tensor ids = at::arange(tokens).remainder(17).unsqueeze(0);
  const auto inputs = prepare_text(model, {ids, {}, {}, {}}, "last");
  const int64_t of_a_head = tokens * tokens * static_cast<int64_t>(sizeof(float));
  for (const char* name : {"cp-lrp", "attn-lrp"}) {
    const Composite composite = builtin_registry().make_composite(name);
    const Plan simple = plan_with(model, composite, {}), fused = make_plan(model.graph, composite);
    LargestAllocation of_simple;
    const Tensor expected = explain_plan(model, simple, inputs).relevance;
    EXPECT_GT(of_simple.bytes(), of_a_head) << name;  // so that it would be seen
    LargestAllocation of_fused;
    const Tensor got = explain_plan(model, fused, inputs).relevance;
    EXPECT_LE(of_fused.bytes(), block_bytes_on_cpu) << name;
    EXPECT_LT(of_fused.bytes(), of_a_head) << name;
    // Float32 rounding of sums over some thousand tokens.
    EXPECT_LT(relative_difference(got, expected), 1e-4) << name;
  }
}

TEST(CutScores, EachSeenScoreIsInOneBlockAndNoBlockIsUnseen) {
  for (const int64_t window : {0, 3}) {
    const ops::SoftmaxAttributes how{/*causal=*/true, window, /*padded=*/false};
    const std::vector<int64_t> sizes{3, 4, 11, 11};
    const ops::Sight sight(how, sizes, at::kCPU, {});
    for (const int64_t elements : {1, 60, 150, 1000, 100000}) {
      Tensor seen = at::zeros(sizes, at::kLong);
      for (const ScoreBlock& block : cut_scores(sizes, /*groups=*/2, sight, elements)) {
        block.keys.of(block.of_queries(seen), 3).add_(1);
        // The heads of a group stay together, and one query is the least.
        const int64_t scores = block.examples.size() * block.heads.size() * block.queries.size() * 11;
        EXPECT_LE(scores, std::max<int64_t>(elements, 2 * 11));
        EXPECT_EQ(block.heads.begin % 2 + block.heads.end % 2, 0);
        EXPECT_EQ(block.keys.end, block.queries.end);  // nothing after the last of its queries
        EXPECT_EQ(block.keys.begin, window == 0 ? 0 : std::max<int64_t>(0, block.queries.begin - window + 1));
      }
      EXPECT_LE(seen.max().item<int64_t>(), 1);
      const Tensor t = at::arange(11), distance = t.unsqueeze(1) - t;
      const Tensor visible = window == 0 ? distance >= 0 : (distance >= 0) & (distance < window);
      EXPECT_TRUE((seen == 1).logical_or(~visible).all().item<bool>());
    }
  }
}

}  // namespace
}  // namespace lrpp
