#include <lrpp/framework/forward.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/batch_norm.h>
#include <lrpp/framework/ops/conv2d.h>
#include <lrpp/framework/ops/dropout.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/rules/canonizers.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/rules/register.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::random;
using testing::relative_difference;

using Names = std::vector<std::string>;

/// Float64 rounding of one product and one sum more or less.
constexpr double tolerance = 1e-14;

OpPtr norm(int64_t channels, double eps = 1e-2) {
  return std::make_shared<ops::BatchNorm>(random({channels}, 11), random({channels}, 12),
                                          random({channels}, 13), random({channels}, 14).square() + 0.01,
                                          ops::BatchNormAttributes{eps});
}

OpPtr conv(int64_t out, int64_t in, bool bias, ops::Conv2dAttributes attributes = {}) {
  return std::make_shared<ops::Conv2d>(random({out, in / attributes.groups, 3, 3}, 21),
                                       bias ? random({out}, 22) : Tensor(), attributes);
}

Tensor run(const Graph& graph, const Tensor& x) {
  const Composite composite = testing::uniform_composite(std::make_shared<rules::Gradient>());
  return forward(make_plan(graph, composite), {{"x", x}}).output;
}

Names names_of(const Graph& graph) {
  Names names;
  for (const Node& node : graph.nodes()) names.push_back(node.name);
  return names;
}

TEST(MergeBatchNorm, FoldsIntoConvolutions) {
  for (const bool bias : {false, true}) {
    for (const int64_t groups : {int64_t{1}, int64_t{2}}) {
      GraphBuilder b;
      const Value x = b.input("x");
      const Value c = b.add("conv", conv(6, 4, bias, {{2, 1}, {1, 0}, {1, 2}, groups}), {x});
      const Value n = b.add("bn", norm(6), {c});
      const Value y = b.add("act", std::make_shared<ops::Relu>(), {n});
      const Graph graph = std::move(b).finish(x, y);
      Names changes;
      const Graph folded = rules::merge_batch_norm().apply(graph, changes);
      EXPECT_EQ(changes, (Names{"conv", "bn"}));
      EXPECT_EQ(names_of(folded), (Names{"x", "conv", "act"}));
      const Tensor in = random({2, 4, 7, 8}, 1);
      EXPECT_LT(relative_difference(run(folded, in), run(graph, in)), tolerance);
      Json expected = graph.node(1).op->attributes();
      expected["bias"] = true;
      EXPECT_EQ(folded.node(1).op->attributes(), expected);
    }
  }
}

TEST(MergeBatchNorm, FoldsIntoLinearLayersAndAtTheOutput) {
  GraphBuilder b;
  const Value x = b.input("x");
  const Value h = b.add("fc", std::make_shared<ops::Linear>(random({5, 3}, 1), random({5}, 2)), {x});
  const Graph graph = std::move(b).finish(x, b.add("bn", norm(5), {h}));
  Names changes;
  const Graph folded = rules::merge_batch_norm().apply(graph, changes);
  EXPECT_EQ(changes, (Names{"fc", "bn"}));
  EXPECT_EQ(names_of(folded), (Names{"x", "fc"}));
  const Tensor in = random({4, 3}, 3);
  EXPECT_LT(relative_difference(run(folded, in), run(graph, in)), tolerance);
}

TEST(MergeBatchNorm, FoldsEveryOneInAChain) {
  GraphBuilder b;
  const Value x = b.input("x");
  Value h = x;
  for (const std::string i : {"1", "2"}) {
    h = b.add("conv" + i, conv(4, 4, false, {{1, 1}, {1, 1}, {1, 1}, 1}), {h});
    h = b.add("bn" + i, norm(4), {h});
    h = b.add("relu" + i, std::make_shared<ops::Relu>(), {h});
  }
  const Graph graph = std::move(b).finish(x, h);
  Names changes;
  const Graph folded = rules::merge_batch_norm().apply(graph, changes);
  EXPECT_EQ(changes, (Names{"conv1", "bn1", "conv2", "bn2"}));
  EXPECT_EQ(names_of(folded), (Names{"x", "conv1", "relu1", "conv2", "relu2"}));
  const Tensor in = random({2, 4, 5, 5}, 1);
  EXPECT_LT(relative_difference(run(folded, in), run(graph, in)), tolerance);
}

TEST(MergeBatchNorm, ComputesInFloat64AndCastsBack) {
  const auto to_float = [](const Tensor& t) { return t.to(at::kFloat); };
  const Tensor weight = to_float(random({3, 2, 1, 1}, 1)), gamma = to_float(random({3}, 2)),
               beta = to_float(random({3}, 3)), mean = to_float(random({3}, 4)),
               variance = to_float(random({3}, 5).square());
  GraphBuilder b;
  const Value x = b.input("x");
  const Value c = b.add("conv", std::make_shared<ops::Conv2d>(weight, Tensor()), {x});
  const Graph graph =
      std::move(b).finish(x, b.add("bn", std::make_shared<ops::BatchNorm>(gamma, beta, mean, variance), {c}));
  Names changes;
  const Graph folded = rules::merge_batch_norm().apply(graph, changes);
  const auto& op = dynamic_cast<const ops::Conv2d&>(*folded.node(1).op);
  for (int64_t o = 0; o < 3; ++o) {
    const double gain = gamma[o].item<double>() / std::sqrt(variance[o].item<double>() + 1e-5);
    EXPECT_EQ(op.bias()[o].item<float>(),
              static_cast<float>(beta[o].item<double>() - gain * mean[o].item<double>()));
    for (int64_t i = 0; i < 2; ++i) {
      EXPECT_EQ(op.weight()[o][i].item<float>(), static_cast<float>(gain * weight[o][i].item<double>()));
    }
  }
}

TEST(MergeBatchNorm, LeavesWhatItCannotFold) {
  const auto relu = std::make_shared<ops::Relu>();
  const auto expect_untouched = [](const Graph& graph) {
    Names changes;
    const Graph same = rules::merge_batch_norm().apply(graph, changes);
    EXPECT_TRUE(changes.empty());
    EXPECT_EQ(names_of(same), names_of(graph));
  };
  {
    SCOPED_TRACE("the convolution has another reader");
    GraphBuilder b;
    const Value x = b.input("x");
    const Value c = b.add("conv", conv(4, 4, true), {x});
    const Value n = b.add("bn", norm(4), {c});
    expect_untouched(std::move(b).finish(x, b.add("add", std::make_shared<ops::Add>(), {c, n})));
  }
  {
    SCOPED_TRACE("the convolution is what is explained");
    GraphBuilder b;
    const Value x = b.input("x");
    const Value c = b.add("conv", conv(4, 4, true), {x});
    b.add("bn", norm(4), {c});
    expect_untouched(std::move(b).finish(x, c));
  }
  {
    SCOPED_TRACE("no layer before it");
    GraphBuilder b;
    const Value x = b.input("x");
    const Value n = b.add("bn", norm(4), {x});
    expect_untouched(std::move(b).finish(x, b.add("conv", conv(4, 4, true), {n})));
  }
  {
    SCOPED_TRACE("an activation before it");
    GraphBuilder b;
    const Value x = b.input("x");
    const Value h = b.add("relu", relu, {b.add("conv", conv(4, 4, true), {x})});
    expect_untouched(std::move(b).finish(x, b.add("bn", norm(4), {h})));
  }
}

TEST(RemoveDropout, TakesThemOut) {
  const auto dropout = std::make_shared<ops::Dropout>();
  GraphBuilder b;
  const Value x = b.input("x");
  const Value first = b.add("drop1", dropout, {b.add("relu", std::make_shared<ops::Relu>(), {x})});
  const Graph graph = std::move(b).finish(x, b.add("drop3", dropout, {b.add("drop2", dropout, {first})}));
  Names changes;
  const Graph without = rules::remove_dropout().apply(graph, changes);
  EXPECT_EQ(changes, (Names{"drop1", "drop2", "drop3"}));
  EXPECT_EQ(names_of(without), (Names{"x", "relu"}));
  const Tensor in = random({2, 3}, 1);
  EXPECT_TRUE(run(without, in).equal(run(graph, in)));
}

TEST(Canonizers, AreRegistered) {
  Registry registry;
  register_rules(registry);
  EXPECT_EQ(registry.canonizer("merge-batch-norm").name, "merge-batch-norm");
  EXPECT_EQ(registry.canonizer("remove-dropout").name, "remove-dropout");
}

}  // namespace
}  // namespace lrpp
