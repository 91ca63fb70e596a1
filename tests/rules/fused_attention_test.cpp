// Attention in blocks against its simple ops, under rules, masks and shapes that no model here brings
// together.
#include <lrpp/framework/explain.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/concat.h>
#include <lrpp/framework/ops/heads.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/matmul.h>
#include <lrpp/framework/ops/mean_tokens.h>
#include <lrpp/framework/ops/softmax.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/rules/fused/attention.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/rules/hold.h>
#include <lrpp/rules/identity.h>
#include <lrpp/rules/pass.h>
#include <lrpp/rules/softmax_taylor.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;
using testing::random;
using testing::relative_difference;
using Inputs = std::map<std::string, Tensor>;

constexpr int64_t batch = 3, tokens = 9, width = 8, head_dim = 2;

enum class Ending { mean, first, position };

struct Layer {
  std::string what;
  ops::SoftmaxAttributes sight;
  bool capped = false;
  int64_t heads = 4, key_heads = 4, value_heads = 4;
  Ending ending = Ending::mean;
};

/// x [B,T,width] -> one layer of attention -> three logits.
Graph layer_graph(const Layer& layer) {
  GraphBuilder builder;
  const Value x = builder.input("x");
  const auto add = [&](const std::string& name, const OpPtr& op, std::vector<Value> inputs) {
    return builder.add(name, op, std::move(inputs));
  };
  uint64_t seed = 1;
  const auto linear = [&](const std::string& name, int64_t in, int64_t out, Value of) {
    return add(name, std::make_shared<ops::Linear>(random({out, in}, seed++), Tensor()), {of});
  };
  const auto heads = [&](const std::string& name, int64_t count) {
    const Value flat = linear(name, width, count * head_dim, x);
    return add(name + "_heads", std::make_shared<ops::SplitHeads>(ops::SplitHeadsAttributes{count}), {flat});
  };
  const Value q = heads("q", layer.heads), k = heads("k", layer.key_heads), v = heads("v", layer.value_heads);
  const ops::MatmulAttributes scaled{/*transpose_b=*/true, 0.7};
  Value scores = add("scores", std::make_shared<ops::Matmul>(scaled), {q, k});
  if (layer.capped) scores = add("cap", std::make_shared<ops::SoftCap>(ops::SoftCapAttributes{3}), {scores});
  std::vector<Value> seen{scores};
  if (layer.sight.padded) seen.push_back(builder.input("attention_mask"));
  const Value shares = add("softmax", std::make_shared<ops::Softmax>(layer.sight), seen);
  const Value context = add("context", std::make_shared<ops::Matmul>(), {shares, v});
  Value y = add("merge", std::make_shared<ops::MergeHeads>(), {context});
  if (layer.ending == Ending::mean) {
    y = add("mean", std::make_shared<ops::MeanTokens>(), {y});
  } else if (layer.ending == Ending::first) {
    y = add("first", std::make_shared<ops::SelectIndex>(ops::SelectIndexAttributes{0}), {y});
  } else {
    y = add("at", std::make_shared<ops::SelectToken>(), {y, builder.input("position")});
  }
  return std::move(builder).finish(x, linear("head", layer.heads * head_dim, 3, y));
}

Inputs layer_inputs(const Layer& layer) {
  Inputs inputs{{"x", random({batch, tokens, width}, 9)}};
  if (layer.sight.padded) {
    Tensor mask = at::ones({batch, tokens}, at::kLong);
    mask.select(0, 0).narrow(0, 6, 3).zero_();  // after the text
    mask.select(0, 1).narrow(0, 0, 4).zero_();  // before it: where it is causal, these see nothing
    inputs["attention_mask"] = mask;
  }
  // Two positions of each example, not in order; the first of the second example is padding.
  if (layer.ending == Ending::position) inputs["position"] = at::tensor({5, 2, 1, 8, 7, 0}, at::kLong);
  return inputs;
}

std::vector<Layer> layers() {
  std::vector<Layer> all{{"everything is seen", {}},
                         {"causal", {true, 0, false}},
                         {"a window", {true, 3, false}},
                         {"padded", {false, 0, true}},
                         {"causal and padded", {true, 0, true}},
                         {"a window, padded and capped", {true, 3, true}, true},
                         {"grouped keys", {true, 0, false}, true, 4, 2, 2},
                         {"one key, two values", {true, 0, true}, false, 4, 1, 2}};
  for (Layer layer : std::vector<Layer>(all)) {
    for (const Ending ending : {Ending::first, Ending::position}) {
      layer.ending = ending;
      all.push_back(layer);
    }
  }
  return all;
}

/// Rules of the two products, and of what lies between.
struct Rules {
  std::string what;
  RulePtr scores, context, softmax, cap;
};

std::vector<Rules> rule_sets() {
  using namespace lrpp::rules;
  const RulePtr gradient = std::make_shared<Gradient>(), half = std::make_shared<Half>();
  const RulePtr hold_0 = std::make_shared<Hold>(HoldParameters{0}),
                hold_1 = std::make_shared<Hold>(HoldParameters{1});
  const RulePtr taylor = std::make_shared<SoftmaxTaylor>(), identity = std::make_shared<Identity>();
  const RulePtr stabilized = std::make_shared<Identity>(IdentityParameters{1e-3});
  return {{"gradient", gradient, gradient, gradient, gradient},
          {"attn-lrp", half, half, taylor, identity},
          {"weights held", half, hold_0, taylor, identity},
          {"values held", hold_1, hold_1, taylor, stabilized},
          {"queries held", hold_0, half, gradient, gradient}};
}

Plan plan_of(const Graph& graph, const Rules& rules, int64_t block_bytes) {
  Composite composite;
  composite.entries = {{{.name = "scores"}, rules.scores},
                       {{.name = "context"}, rules.context},
                       {{.op = {"softmax"}}, rules.softmax},
                       {{.op = {"soft_cap"}}, rules.cap},
                       {Match{}, std::make_shared<rules::Gradient>()}};
  if (block_bytes > 0) composite.fusions = {rules::attention_fusion(block_bytes)};
  return make_plan(graph, composite);
}

bool is_fused(const Plan& plan) {
  for (const Node& node : plan.graph.nodes()) {
    if (node.op->type() == "attention") return true;
  }
  return false;
}

TEST(FusedAttention, EqualsItsPartsUnderAllRulesItServes) {
  for (const Layer& layer : layers()) {
    const Graph graph = layer_graph(layer);
    for (const Rules& rules : rule_sets()) {
      for (const std::vector<std::string>& targets : {std::vector<std::string>{"argmax"}, {"2", "0"}}) {
        ExplainOptions options;
        options.targets = targets;
        const Attribution expected = explain(plan_of(graph, rules, 0), layer_inputs(layer), {}, options);
        for (const int64_t bytes : {int64_t{1}, int64_t{700}, rules::block_bytes_on_cpu}) {
          SCOPED_TRACE(fmt::format("{}, ending {}, rules {}, {} targets, blocks of {} bytes", layer.what,
                                   static_cast<int>(layer.ending), rules.what, targets.size(), bytes));
          const Plan plan = plan_of(graph, rules, bytes);
          ASSERT_TRUE(is_fused(plan));
          const Attribution got = explain(plan, layer_inputs(layer), {}, options);
          // Float64; only the order of sums differs.
          EXPECT_LT(relative_difference(got.logits, expected.logits), 1e-13);
          EXPECT_LT(relative_difference(got.relevance, expected.relevance), 1e-12);
        }
      }
    }
  }
}

TEST(FusedAttention, SeveralTargetsOfOneExampleShareTheirWeights) {
  for (const Layer& layer : layers()) {
    if (layer.ending == Ending::position) continue;
    Inputs inputs = layer_inputs(layer);
    for (auto& [name, value] : inputs) value = value.narrow(0, 1, 1);
    ExplainOptions options;
    options.targets = {"0", "1", "2"};
    for (const Rules& rules : rule_sets()) {
      const Graph graph = layer_graph(layer);
      const Attribution expected = explain(plan_of(graph, rules, 0), inputs, {}, options);
      const Attribution got = explain(plan_of(graph, rules, 700), inputs, {}, options);
      EXPECT_LT(relative_difference(got.relevance, expected.relevance), 1e-12) << layer.what << rules.what;
    }
  }
}

TEST(FusedAttention, LeavesOtherRulesToTheSimpleOps) {
  Layer layer;
  layer.capped = true;
  const Graph graph = layer_graph(layer);
  const Rules served = rule_sets()[1];
  EXPECT_TRUE(is_fused(plan_of(graph, served, 700)));
  Rules other = served;
  other.cap = std::make_shared<rules::Pass>();  // takes relevance, which is that of values that are not there
  EXPECT_FALSE(is_fused(plan_of(graph, other, 700)));
  other.context = std::make_shared<rules::Hold>(rules::HoldParameters{0});  // now nothing reaches the cap
  EXPECT_TRUE(is_fused(plan_of(graph, other, 700)));
}

TEST(FusedAttention, SaysWhatDoesNotFit) {
  Layer layer;
  layer.sight.padded = true;
  Inputs inputs = layer_inputs(layer);
  inputs["attention_mask"] = at::ones({batch, tokens + 1}, at::kLong);
  const Plan plan = plan_of(layer_graph(layer), rule_sets()[0], 700);
  expect_user_error([&] { explain(plan, inputs, {}); }, {"softmax", "attention_mask", "[3, 9]", "[3, 10]"});

  Layer odd;
  odd.key_heads = 3;  // of 4 heads of queries
  expect_user_error([&] { explain(plan_of(layer_graph(odd), rule_sets()[0], 700), layer_inputs(odd), {}); },
                    {"matmul", "H a multiple of G"});
}

}  // namespace
}  // namespace lrpp
