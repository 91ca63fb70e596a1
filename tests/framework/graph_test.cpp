#include <lrpp/framework/graph.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;

TEST(GraphBuilder, NamesEveryMistake) {
  const auto silu = std::make_shared<ops::Silu>();
  const auto add = std::make_shared<ops::Add>();
  GraphBuilder b;
  const Value x = b.input("x");
  const Value y = b.add("act", silu, {x});
  expect_user_error([&] { b.add("act", silu, {x}); }, {"two nodes are named 'act'"});
  expect_user_error([&] { b.add("", silu, {x}); }, {"must not be empty"});
  expect_user_error([&] { b.add("sum", add, {x}); }, {"'sum'", "takes 2 inputs; got 1"});
  expect_user_error([&] { b.add("late", silu, {Value{9, 0}}); }, {"'late'", "no earlier node"});
  expect_user_error([&] { b.add("late", silu, {Value{y.node, 1}}); }, {"output 1 of node 'act'"});
  expect_user_error([&] { b.add("nothing", nullptr, {}); }, {"'nothing' has no op"});
}

TEST(GraphBuilder, OutputMustDependOnTheInputs) {
  GraphBuilder b;
  const Value x = b.input("x");
  const Value other = b.input("other");
  const Value y = b.add("act", std::make_shared<ops::Silu>(), {other});
  expect_user_error([&] { std::move(b).finish(x, y); }, {"'act' does not depend on 'x'"});
}

TEST(Graph, FindNamesTheNearest) {
  GraphBuilder b;
  const Value x = b.input("x");
  const Graph graph = std::move(b).finish(x, x);
  EXPECT_EQ(graph.find("x"), 0);
  expect_user_error([&] { graph.find("y"); }, {"no node is named 'y'", "x"});
}

}  // namespace
}  // namespace lrpp
