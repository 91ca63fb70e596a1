#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/rules/pass.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

#include <cmath>
#include <limits>

namespace lrpp {
namespace {

using testing::expect_user_error;
using testing::random;
using testing::relative_difference;

/// Rounding of a few hundred float64 operations.
constexpr double rounding = 1e-13;

Attribution run(const Graph& graph, const Composite& composite, const Tensor& x, bool audit = false) {
  return explain(make_plan(graph, composite, audit), {{"x", x}}, {}, {});
}

Attribution run_target(const Graph& graph, const Plan& plan, const Tensor& x, const char* target,
                       Start start = Start::logit) {
  ExplainOptions options;
  options.targets = {target};
  options.start = start;
  return explain(plan, {{"x", x}}, {}, options);
}

TEST(Walk, FanOutAdds) {
  // y = x * x + W x, plain gradient: 2 x + W^T.
  GraphBuilder builder;
  const Value x = builder.input("x");
  const Value square = builder.add("square", std::make_shared<ops::Mul>(), {x, x});
  const Tensor weight = random({3, 3});
  const Value line = builder.add("line", std::make_shared<ops::Linear>(weight), {x});
  const Value y = builder.add("sum", std::make_shared<ops::Add>(), {square, line});
  const Graph graph = std::move(builder).finish(x, y);
  const Tensor input = random({2, 3}, 5);
  const Attribution a = run(graph, builtin_registry().make_composite("gradient"), input);
  const Tensor one_hot = at::one_hot(a.target.target, 3).to(at::kDouble);
  EXPECT_LT(relative_difference(a.relevance, one_hot * 2 * input + one_hot.matmul(weight)), rounding);
}

TEST(Walk, RelevanceGivenToZeroInputsSurvives) {
  // silu(0) = 0 under `pass`: relevance is there although the value is 0.
  const Graph graph = testing::single_op_graph(std::make_shared<ops::Tanh>());
  const Tensor x = at::tensor({2.0, 0.0, -1.0}, at::kDouble).reshape({1, 3});
  const Plan plan = make_plan(graph, testing::uniform_composite(std::make_shared<rules::Pass>()));
  Trace trace = forward(plan, {{"x0", x}});
  const Tensor seed = at::ones_like(x);
  const Tensor expected = trace.output.clone();
  EXPECT_LT(relative_difference(walk(plan, std::move(trace), seed).input.relevance, expected), rounding);
}

TEST(Walk, RelevanceIsTurnedIntoAMultiplierWhereARuleTakesOne) {
  // pass at the activation, LRP-0 at the layer below: R = x W^T (R_h / h), the textbook form with its
  // division.
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  Composite composite =
      testing::uniform_composite(std::make_shared<rules::Epsilon>(rules::EpsilonParameters{0}));
  composite.entries.insert(composite.entries.begin(),
                           {Match{{"silu"}, std::nullopt, {}}, std::make_shared<rules::Pass>()});
  const Tensor x = random({2, 4}, 7);
  const Attribution passed = run(graph, composite, x, /*audit=*/true);
  const Attribution identity = run(graph, builtin_registry().make_composite("lrp-0"), x);
  // Hidden values are far from 0, so that the division loses nothing.
  EXPECT_LT(relative_difference(passed.relevance, identity.relevance), rounding);
  EXPECT_LT(passed.ledger->relative_total_imbalance(), 1e-10);
  EXPECT_TRUE(passed.ledger->unbalanced(1e-10).empty());
}

TEST(Walk, RelevanceOnAZeroThatARuleCannotTakeIsLostAndAccountedFor) {
  // softplus(0) is not 0, so that under `pass` a 0 gets relevance, and LRP-0 below can hand none of it on.
  GraphBuilder builder;
  const Value x = builder.input("x");
  const Value h = builder.add("line", std::make_shared<ops::Linear>(at::eye(2, at::kDouble)), {x});
  const Value y = builder.add("act", std::make_shared<ops::Softplus>(), {h});
  const Graph graph = std::move(builder).finish(x, y);
  Composite composite =
      testing::uniform_composite(std::make_shared<rules::Epsilon>(rules::EpsilonParameters{0}));
  composite.entries.insert(composite.entries.begin(),
                           {Match{{"softplus"}, std::nullopt, {}}, std::make_shared<rules::Pass>()});
  const Tensor input = at::tensor({0.0, -1.0}, at::kDouble).unsqueeze(0);
  const Attribution a = run(graph, composite, input, /*audit=*/true);
  EXPECT_EQ(a.relevance.abs().max().item<double>(), 0);
  const LedgerRow& line = a.ledger->rows[static_cast<size_t>(graph.find("line"))];
  EXPECT_DOUBLE_EQ(line.stabilizer.item<double>(), std::log(2.0));
  EXPECT_TRUE(a.ledger->unbalanced(1e-10).empty());
}

TEST(Walk, InTheTwoLayerPerceptronLrp0IsTheTextbookSum) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Relu>());
  const Tensor x = random({1, 4}, 9);
  const Attribution a = run(graph, builtin_registry().make_composite("lrp-0"), x);
  // Slow and literal: R_i = sum_j x_i w_ij / z_j R_j, layer by layer.
  const Node &first = graph.node(graph.find("first")), &second = graph.node(graph.find("second"));
  const Tensor w1 = first.op->weights()[0].second, b1 = first.op->weights()[1].second;
  const Tensor w2 = second.op->weights()[0].second;
  const Tensor z1 = (x.matmul(w1.t()) + b1)[0], h = z1.clamp_min(0);
  const int64_t target = a.target.target[0].item<int64_t>();
  const double score = a.score[0].item<double>();
  Tensor expected = at::zeros({1, 4}, at::kDouble);
  for (int64_t j = 0; j < 5; ++j) {
    const double hj = h[j].item<double>(), zj = z1[j].item<double>();
    if (hj == 0) continue;
    const double relevance = hj * w2[target][j].item<double>() / score * score;
    for (int64_t i = 0; i < 4; ++i) {
      expected[0][i] += x[0][i].item<double>() * w1[j][i].item<double>() / zj * relevance;
    }
  }
  EXPECT_LT(relative_difference(a.relevance, expected), rounding);
}

TEST(Forward, InputsAreCheckedByName) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Relu>());
  const Plan plan = make_plan(graph, builtin_registry().make_composite("lrp-0"));
  expect_user_error([&] { forward(plan, {}); }, {"needs the input 'x'"});
  expect_user_error([&] { forward(plan, {{"x", random({1, 4})}, {"z", random({1})}}); }, {"no input 'z'"});
}

TEST(Forward, TheFirstNodeThatIsNotFiniteIsNamed) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Relu>());
  const Plan plan = make_plan(graph, builtin_registry().make_composite("lrp-0"));
  // Aligned with the first row of weights, so that its sum overflows.
  const Tensor x = 1.7e308 * graph.node(graph.find("first")).op->weights()[0].second.slice(0, 0, 1).sign();
  expect_user_error([&] { forward(plan, {{"x", x * 10}}); }, {"must be finite", "node 'x'"});
  expect_user_error([&] { forward(plan, {{"x", x}}); }, {"must be finite", "node 'first'"});
}

TEST(Explain, MultiplierReadoutIsTheGradient) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Tensor x = random({2, 4}, 11);
  const Attribution gradient = run(graph, builtin_registry().make_composite("gradient"), x);
  const Attribution times_input = run(graph, builtin_registry().make_composite("gradient-x-input"), x);
  EXPECT_LT(relative_difference(gradient.relevance * x, times_input.relevance), rounding);
}

TEST(Explain, ContrastIsTheDifference) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Plan plan = make_plan(graph, builtin_registry().make_composite("lrp-0"));
  const Tensor x = random({2, 4}, 13);
  const auto relevance = [&](const char* target) { return run_target(graph, plan, x, target).relevance; };
  EXPECT_LT(relative_difference(relevance("2-0"), relevance("2") - relevance("0")), rounding);
}

TEST(Explain, StartOneScalesByTheLogit) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Plan plan = make_plan(graph, builtin_registry().make_composite("lrp-0"));
  const Tensor x = random({2, 4}, 15);
  const Attribution logit = run_target(graph, plan, x, "1");
  const Attribution one = run_target(graph, plan, x, "1", Start::one);
  EXPECT_LT(relative_difference(one.relevance * logit.score.unsqueeze(1), logit.relevance), rounding);
}

TEST(Explain, EachExampleOfABatchIsExplainedAsIfAlone) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Composite composite = builtin_registry().make_composite("lrp-epsilon");
  const Tensor x = random({3, 4}, 17);
  const Tensor together = run(graph, composite, x).relevance;
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_LT(
        relative_difference(together[i].unsqueeze(0), run(graph, composite, x.slice(0, i, i + 1)).relevance),
        rounding);
  }
}

}  // namespace
}  // namespace lrpp
