#include <lrpp/cli/builtins.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/plan.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/hold.h>
#include <lrpp/rules/pass.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

bool kept(const Graph& graph, const Plan& plan, const char* name) {
  return plan.steps[static_cast<size_t>(graph.find(name))].keep[0];
}

TEST(Plan, Lrp0KeepsNothingOfLinearLayers) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Plan plan = make_plan(graph, builtin_registry().make_composite("lrp-0"));
  EXPECT_TRUE(kept(graph, plan, "x")) << "read out";
  EXPECT_TRUE(kept(graph, plan, "first")) << "the activation's factor";
  EXPECT_FALSE(kept(graph, plan, "act")) << "nothing reads it going back";
  EXPECT_TRUE(kept(graph, plan, "second")) << "the output";
}

TEST(Plan, EpsilonKeepsOutputs) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Plan plan = make_plan(graph, builtin_registry().make_composite("lrp-epsilon"));
  EXPECT_TRUE(kept(graph, plan, "first"));
  EXPECT_FALSE(kept(graph, plan, "act"));
}

TEST(Plan, AnAuditKeepsEverything) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Plan plan = make_plan(graph, builtin_registry().make_composite("lrp-0"), /*audit=*/true);
  EXPECT_TRUE(kept(graph, plan, "act"));
}

TEST(Plan, WhatNoSignalReachesIsNotKept) {
  // y = a * gate with the gate held: nothing can reach the gate's branch.
  GraphBuilder builder;
  const Value x = builder.input("x");
  const Value pre = builder.add("pre", std::make_shared<ops::Linear>(testing::random({4, 4})), {x});
  const Value gate = builder.add("gate_act", std::make_shared<ops::Silu>(), {pre});
  const Value y = builder.add("gate", std::make_shared<ops::Gate>(), {x, gate});
  const Graph graph = std::move(builder).finish(x, y);
  Composite composite = builtin_registry().make_composite("lrp-0");
  composite.entries.insert(composite.entries.begin(),
                           {Match{{"gate"}, std::nullopt, {}}, std::make_shared<rules::Hold>()});
  const Plan plan = make_plan(graph, composite);
  EXPECT_FALSE(kept(graph, plan, "pre"));
  EXPECT_TRUE(kept(graph, plan, "gate_act")) << "the held factor";
  EXPECT_FALSE(plan.steps[static_cast<size_t>(graph.find("pre"))].reached);
}

TEST(Plan, ASignalThatMustBeConvertedKeepsItsValue) {
  // pass gives relevance at "first", whose rule takes a multiplier: the division reads the value.
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  Composite composite =
      testing::uniform_composite(std::make_shared<rules::Epsilon>(rules::EpsilonParameters{0}));
  composite.entries.insert(composite.entries.begin(),
                           {Match{{"silu"}, std::nullopt, {}}, std::make_shared<rules::Pass>()});
  const Plan plan = make_plan(graph, composite);
  EXPECT_TRUE(kept(graph, plan, "first"));
  EXPECT_TRUE(kept(graph, plan, "act")) << "pass takes relevance, and a multiplier arrives";
}

}  // namespace
}  // namespace lrpp
