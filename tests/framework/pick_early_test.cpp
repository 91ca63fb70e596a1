// Choosing the explained token early must change nothing but the time it takes.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/ops/concat.h>
#include <lrpp/framework/ops/heads.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/matmul.h>
#include <lrpp/framework/ops/norms.h>
#include <lrpp/framework/ops/pick.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/ops/softmax.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/framework/pick_early.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>

namespace lrpp {
namespace {

using testing::random;
using testing::relative_difference;

/// Rounding of a few hundred float64 operations in another order.
constexpr double rounding = 1e-12;

constexpr int64_t tokens = 5, channels = 6;

OpPtr linear(int64_t out, uint64_t seed) {
  return std::make_shared<ops::Linear>(random({out, channels}, seed), random({out}, seed + 1));
}

/// One layer of attention and a linear layer, each with a residual sum and a norm, then a choice and a head.
Graph attention_graph(bool by_position, bool causal, bool padded = false) {
  GraphBuilder b;
  const Value x = b.input("x");
  const auto heads = [&](const char* name, Value v) {
    return b.add(name, std::make_shared<ops::SplitHeads>(ops::SplitHeadsAttributes{2}), {v});
  };
  const Value q = heads("q_heads", b.add("q", linear(channels, 1), {x}));
  const Value k = heads("k_heads", b.add("k", linear(channels, 3), {x}));
  const Value v = heads("v_heads", b.add("v", linear(channels, 5), {x}));
  const Value scores =
      b.add("scores", std::make_shared<ops::Matmul>(ops::MatmulAttributes{true, 0.5}), {q, k});
  const auto softmax = std::make_shared<ops::Softmax>(ops::SoftmaxAttributes{causal, 0, padded});
  const Value weights =
      padded ? b.add("softmax", softmax, {scores, b.input("mask")}) : b.add("softmax", softmax, {scores});
  const Value context = b.add("context", std::make_shared<ops::Matmul>(), {weights, v});
  const Value merged = b.add("merge", std::make_shared<ops::MergeHeads>(), {context});
  const Value mixed =
      b.add("add1", std::make_shared<ops::Add>(), {x, b.add("o", linear(channels, 7), {merged})});
  const Value normed = b.add("norm", std::make_shared<ops::RmsNorm>(random({channels}, 9)), {mixed});
  const Value hidden =
      b.add("add2", std::make_shared<ops::Add>(), {mixed, b.add("mlp", linear(channels, 10), {normed})});
  const Value chosen =
      by_position
          ? b.add("choice", std::make_shared<ops::SelectToken>(), {hidden, b.input("position")})
          : b.add("choice", std::make_shared<ops::SelectIndex>(ops::SelectIndexAttributes{2}), {hidden});
  const Value y = b.add("head", linear(3, 12), {chosen});
  return std::move(b).finish(x, y);
}

/// Attention without a product of its own for q, k and v, and a gate made beside what it gates.
Graph packed_graph() {
  GraphBuilder b;
  const Value x = b.input("x");
  const auto heads = [&](const char* name, Value v) {
    return b.add(name, std::make_shared<ops::SplitHeads>(ops::SplitHeadsAttributes{2}), {v});
  };
  const auto split = [&](const char* name, std::vector<int64_t> sizes, Value v) {
    return b.add_multi(name, std::make_shared<ops::Split>(ops::SplitAttributes{std::move(sizes), -1}), {v});
  };
  const auto qkv = split("split", {4, 6, 6}, b.add("qkv", linear(16, 1), {x}));
  const Value q =
      heads("q_heads", b.add("widen", std::make_shared<ops::Linear>(random({channels, 4}, 2)), {qkv[0]}));
  const Value scores = b.add("scores", std::make_shared<ops::Matmul>(ops::MatmulAttributes{true, 0.5}),
                             {q, heads("k_heads", qkv[1])});
  const Value weights = b.add("softmax", std::make_shared<ops::Softmax>(ops::SoftmaxAttributes{}), {scores});
  const Value context =
      b.add("context", std::make_shared<ops::Matmul>(), {weights, heads("v_heads", qkv[2])});
  const Value mixed = b.add("add1", std::make_shared<ops::Add>(),
                            {x, b.add("merge", std::make_shared<ops::MergeHeads>(), {context})});
  const auto gated = split("gate_split", {6, 6}, b.add("gate_up", linear(12, 7), {mixed}));
  const Value product = b.add("gate", std::make_shared<ops::Mul>(), {gated[0], gated[1]});
  const Value chosen =
      b.add("choice", std::make_shared<ops::SelectIndex>(ops::SelectIndexAttributes{2}), {product});
  const Value y = b.add("head", linear(3, 12), {chosen});
  return std::move(b).finish(x, y);
}

std::string shape_of(const Trace& trace, const Plan& plan, const std::string& node) {
  return shape_string(trace.meta({plan.graph.find(node), 0}).sizes);
}

TEST(PickEarly, LeavesEveryCompositeAsItIs) {
  const Registry registry = builtin_registry();
  for (const bool by_position : {false, true}) {
    for (const bool causal : {false, true}) {
      const Graph graph = attention_graph(by_position, causal);
      std::map<std::string, Tensor> inputs{{"x", random({2, tokens, channels}, 20)}};
      if (by_position) inputs["position"] = at::tensor({4, 1}, at::kLong);
      for (const auto& [name, info] : registry.composites()) {
        if (name == "mamba-lrp") continue;  // it has no rule for attention
        SCOPED_TRACE(name);
        const Composite composite = testing::make_any_composite(registry, name);
        // An audit walks the graph as it is.
        const Attribution early = explain(make_plan(graph, composite), inputs, {});
        const Attribution late = explain(make_plan(graph, composite, /*audit=*/true), inputs, {});
        EXPECT_LT(relative_difference(early.logits, late.logits), rounding);
        EXPECT_LT(relative_difference(early.relevance, late.relevance), rounding);
      }
    }
  }
}

TEST(PickEarly, ServesSeveralPositionsOfEachExample) {
  const Registry registry = builtin_registry();
  const Tensor x = random({2, tokens, channels}, 20);
  const Tensor mask = at::tensor({1, 1, 1, 1, 0, 1, 1, 1, 0, 0}, at::kLong).reshape({2, tokens});
  const Tensor position = at::tensor({3, 0, 1, 2, 1, 0}, at::kLong);  // of either example three
  ExplainOptions options;
  options.targets = {"0", "2-1"};
  for (const bool causal : {false, true}) {
    for (const bool padded : {false, true}) {
      const Graph graph = attention_graph(true, causal, padded);
      const auto run = [&](const Plan& plan, const Tensor& at) {
        std::map<std::string, Tensor> inputs{{"x", x}, {"position", at}};
        if (padded) inputs["mask"] = mask;
        return explain(plan, inputs, {}, options);
      };
      for (const auto& [name, info] : registry.composites()) {
        SCOPED_TRACE(fmt::format("{} {} {}", name, causal, padded));
        const Composite composite = testing::make_any_composite(registry, name);
        const Plan plan = make_plan(graph, composite);
        const Attribution early = run(plan, position);
        const Attribution late = run(make_plan(graph, composite, /*audit=*/true), position);
        EXPECT_LT(relative_difference(early.logits, late.logits), rounding);
        EXPECT_LT(relative_difference(early.relevance, late.relevance), rounding);
        EXPECT_TRUE(late.ledger->unbalanced(1e-10).empty());
        EXPECT_LT(late.ledger->relative_total_imbalance(), 1e-10);
        for (int64_t p = 0; p < 3; ++p) {
          const Attribution alone = run(plan, position.reshape({2, 3}).select(1, p));
          EXPECT_LT(relative_difference(early.relevance.unflatten(0, {2, 3, 2}).select(1, p).flatten(0, 1),
                                        alone.relevance),
                    rounding);
        }
      }
    }
  }
}

/// The choice alone moved, nothing fused.
Plan simple_plan(const Graph& graph) {
  Composite composite = builtin_registry().make_composite("lrp-0");
  composite.fusions.clear();
  return make_plan(graph, composite);
}

TEST(PickEarly, AttentionThatSeesEverythingIsComputedForOneTokenOnly) {
  const Plan plan = simple_plan(attention_graph(false, false));
  const Trace trace = forward(plan, {{"x", random({2, tokens, channels}, 20)}});
  EXPECT_EQ(shape_of(trace, plan, "scores"), "[2, 2, 1, 5]");
  EXPECT_EQ(shape_of(trace, plan, "q"), "[2, 1, 6]");
  EXPECT_EQ(shape_of(trace, plan, "k"), "[2, 5, 6]") << "the others are still looked at";
  EXPECT_EQ(shape_of(trace, plan, "mlp"), "[2, 1, 6]");
}

TEST(PickEarly, CausalAttentionIsComputedWhole) {
  const Plan plan = simple_plan(attention_graph(false, true));
  const Trace trace = forward(plan, {{"x", random({2, tokens, channels}, 20)}});
  EXPECT_EQ(shape_of(trace, plan, "scores"), "[2, 2, 5, 5]");
  EXPECT_EQ(shape_of(trace, plan, "o"), "[2, 1, 6]");
}

TEST(PickEarly, CutsALinearOpOfWhichSomeIsNeededForOneTokenOnly) {
  const Plan plan = simple_plan(packed_graph());
  const Trace trace = forward(plan, {{"x", random({2, tokens, channels}, 20)}});
  EXPECT_EQ(shape_of(trace, plan, "qkv.part0"), "[2, 1, 4]");
  EXPECT_EQ(shape_of(trace, plan, "qkv.part1"), "[2, 5, 6]");
  EXPECT_EQ(shape_of(trace, plan, "gate_up"), "[2, 1, 12]") << "all of it is needed for one token: no cut";
  const auto has_qkv = [](const Plan& p) {
    return std::ranges::any_of(p.graph.nodes(), [](const Node& node) { return node.name == "qkv"; });
  };
  EXPECT_FALSE(has_qkv(plan));
  // Another rule may look at all outputs together.
  Composite composite = builtin_registry().make_composite("lrp-epsilon");
  composite.fusions.clear();
  EXPECT_TRUE(has_qkv(make_plan(packed_graph(), composite)));
}

TEST(PickEarly, LeavesWhatIsCutAsItIs) {
  const Registry registry = builtin_registry();
  const Graph graph = packed_graph();
  const std::map<std::string, Tensor> inputs{{"x", random({2, tokens, channels}, 20)}};
  for (const char* name : {"lrp-0", "gradient", "lrp-epsilon", "attn-lrp", "cp-lrp"}) {
    SCOPED_TRACE(name);
    const Composite composite = registry.make_composite(name);
    const Attribution early = explain(make_plan(graph, composite), inputs, {});
    const Attribution late = explain(make_plan(graph, composite, /*audit=*/true), inputs, {});
    EXPECT_LT(relative_difference(early.logits, late.logits), rounding);
    EXPECT_LT(relative_difference(early.relevance, late.relevance), rounding);
  }
}

TEST(PickOp, AgreesWithAutograd) {
  const Tensor x = random({2, 4, 3, 5}, 1);
  for (const int64_t dim : {1, 2}) {
    testing::check_against_autograd(
        ops::Pick({dim, 2, false}), [&](const Tensors& i) { return Tensors{i[0].narrow(dim, 2, 1)}; }, {x},
        1e-15);
    const Tensor position = at::tensor({2, 0}, at::kLong);
    testing::check_against_autograd(
        ops::Pick({dim, 0, true}),
        [&](const Tensors& i) {
          return Tensors{at::stack({i[0][0].narrow(dim - 1, 2, 1), i[0][1].narrow(dim - 1, 0, 1)})};
        },
        {x, position}, 1e-15);
  }
  // Of the first example the entries 2 and 1, of the second 0 and 2.
  const Tensor several = at::tensor({2, 1, 0, 2}, at::kLong);
  const Tensor expected =
      at::stack({x[0].narrow(1, 2, 1), x[0].narrow(1, 1, 1), x[1].narrow(1, 0, 1), x[1].narrow(1, 2, 1)});
  EXPECT_TRUE(ops::Pick({2, 0, true}).forward({x, several})[0].equal(expected));
  EXPECT_TRUE(
      ops::Pick({1, 0, true}).forward({x.transpose(1, 2), several})[0].equal(expected.transpose(1, 2)));
  testing::expect_user_error(
      [&] {
        ops::Pick({1, 0, true}).forward({x, several.slice(0, 1)});
      },
      {"as many positions of each of the 2 examples", "3 in all"});
  testing::expect_user_error([&] { ops::Pick({1, 4, false}).forward({x}); }, {"[0, 4)", "4"});
}

}  // namespace
}  // namespace lrpp
