// Relevance read between the layers of models of every family.
#include <gtest/gtest.h>
#include <lrpp/framework/layers.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/tests/support/models.h>

namespace lrpp {
namespace {

using namespace testing;

std::vector<std::string> names(const std::vector<Layer>& layers) {
  std::vector<std::string> result;
  for (const Layer& layer : layers) result.push_back(layer.name);
  return result;
}

OpPtr linear() { return std::make_shared<ops::Linear>(random({4, 4})); }

TEST(Layers, AreEnteredByOneValueAndHaveANumberAndWeights) {
  GraphBuilder builder;
  const Value x = builder.input("x");
  const Value embedded = builder.add("embed", linear(), {x});
  const Value first = builder.add("layers.0.mixer.proj", linear(), {embedded});
  const Value sum = builder.add("layers.0.residual", std::make_shared<ops::Add>(), {embedded, first});
  const Value second = builder.add("block_1.experts.7.proj", linear(), {sum});
  const Value moved = builder.add("features.2", std::make_shared<ops::Add>(), {second, second});
  const Value left = builder.add("left", linear(), {moved}), right = builder.add("right", linear(), {moved});
  const Value a = builder.add("both.3.left", linear(), {left});
  const Value b = builder.add("both.3.right", linear(), {right});
  const Value out = builder.add("conv4", std::make_shared<ops::Add>(), {a, b});
  const std::vector<Layer> layers = find_layers(std::move(builder).finish(x, out));
  // features.2 has no weights, both.3 is entered by two values, and conv4 bears no number of its own.
  EXPECT_EQ(layers, (std::vector<Layer>{{"layers.0", embedded}, {"block_1", sum}}));
}

/// The same network from the layer's value on, which is fed as "layer".
Graph rest_from(const Graph& graph, Value layer) {
  GraphBuilder builder;
  std::map<Value, Value> made;
  Value fed;
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    const Node& node = graph.node(i);
    if (i == layer.node) {
      made[layer] = fed = builder.input("layer");
    } else if (graph.inputs().contains(node.name)) {
      made[{i, 0}] = builder.input(node.name);
    } else {
      std::vector<Value> inputs;
      for (const Value& v : node.inputs) inputs.push_back(made.at(v));
      const std::vector<Value> outputs = builder.add_multi(node.name, node.op, inputs);
      for (size_t o = 0; o < outputs.size(); ++o) made[{i, static_cast<int>(o)}] = outputs[o];
    }
  }
  return std::move(builder).finish(fed, made.at(graph.output()));
}

class LayersOf : public ::testing::TestWithParam<std::string> {
 protected:
  Attribution explain_plan(const Plan& plan, Recompute recompute = Recompute::never) {
    ExplainOptions options;
    options.memory.recompute = recompute;
    return explain(plan, inputs_, model_.labels, options);
  }

  Model model_ = load_case(GetParam());
  std::map<std::string, Tensor> inputs_ = case_inputs(model_, case_tensors(GetParam()));
  // Composites of CNNs treat the first layer in a way of its own, and a part of the network has another
  // first.
  Composite composite_ =
      builtin_registry().make_composite(model_.graph.tokens() ? model_.default_composite : "lrp-0");
};

TEST_P(LayersOf, HaveTheRelevanceThatTheRestOfTheNetworkGivesItsInput) {
  const Plan plan = make_plan(model_.graph, composite_, /*audit=*/false, /*layers=*/true);
  const Attribution read = explain_plan(plan);
  ASSERT_GE(read.layers.size(), 2u);
  // The oracle: the network cut at the layer, explained as one of its own.
  const Plan simple = make_plan(model_.graph, composite_, /*audit=*/true, /*layers=*/true);
  Plan everything = make_forward_plan(simple.graph, [&] {
    std::vector<Value> values;
    for (const Layer& layer : simple.graph.layers()) values.push_back(layer.value);
    return values;
  }());
  const Trace trace = forward(everything, inputs_);
  Composite plain = composite_;
  plain.canonizers.clear();  // the graph has been through them
  size_t compared = 0;
  for (const Layer& layer : simple.graph.layers()) {
    if (layer.value == simple.graph.attributed()) continue;
    std::map<std::string, Tensor> fed = inputs_;
    fed["layer"] = trace.value(layer.value);
    if (fed["layer"].dim() < 3) continue;
    const Graph rest = rest_from(simple.graph, layer.value);
    const Tensor expected = explain(make_plan(rest, plain, /*audit=*/true), fed, model_.labels).relevance;
    const auto found = std::find_if(read.layers.begin(), read.layers.end(),
                                    [&](const LayerRelevance& l) { return l.name == layer.name; });
    ASSERT_NE(found, read.layers.end()) << layer.name;
    // Float64; only the order of sums differs. Pooling layers of CNNs amplify it: 2e-12 was the largest seen.
    EXPECT_LT(relative_difference(found->relevance, expected.sum(expected.dim() == 3 ? -1 : 1)), 1e-10)
        << layer.name;
    ++compared;
  }
  EXPECT_GE(compared, 1u);
}

TEST_P(LayersOf, ChangeNothingElse) {
  const Plan with = make_plan(model_.graph, composite_, /*audit=*/false, /*layers=*/true);
  const Attribution a = explain_plan(with), b = explain_plan(make_plan(model_.graph, composite_));
  EXPECT_TRUE(b.layers.empty());
  // Float64; what reads in passing keeps some nodes from being fused, which changes the order of sums.
  EXPECT_LT(relative_difference(a.relevance, b.relevance), 1e-10);
  // What is kept does not depend on what is computed again.
  const Attribution again = explain_plan(with, Recompute::always);
  ASSERT_EQ(again.layers.size(), a.layers.size());
  for (size_t i = 0; i < a.layers.size(); ++i)
    EXPECT_TRUE(again.layers[i].relevance.equal(a.layers[i].relevance)) << a.layers[i].name;
}

INSTANTIATE_TEST_SUITE_P(Families, LayersOf,
                         ::testing::Values("hf-forward/mamba-tied", "hf-forward/mamba2", "hf-forward/jamba",
                                           "hf-forward/bert", "hf-forward/gpt2", "hf-forward/llama-gqa",
                                           "hf-forward/vit", "hf-forward/resnet"),
                         test_name);

TEST(Layers, ManyTargetsHaveTheirOwn) {
  const Model model = load_case("hf-forward/mamba-tied");
  const auto inputs = case_inputs(model, case_tensors("hf-forward/mamba-tied"));
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"), /*audit=*/false,
                              /*layers=*/true);
  ExplainOptions options;
  options.targets = {"0", "1", "2"};
  options.rows_at_once = 1;
  const Attribution all = explain(plan, inputs, model.labels, options);
  EXPECT_EQ(names(plan.graph.layers())[0], all.layers.at(0).name);
  for (int64_t k = 0; k < 3; ++k) {
    options.targets = {std::to_string(k)};
    const Attribution one = explain(plan, inputs, model.labels, options);
    for (size_t i = 0; i < all.layers.size(); ++i) {
      const Tensor& rows = all.layers[i].relevance;
      const Tensor own = rows.slice(0, k, rows.size(0), 3);
      EXPECT_LT(relative_difference(own, one.layers[i].relevance), 1e-12) << "rounding in float64";
    }
  }
  // What enters the first layer is what the embeddings give.
  EXPECT_TRUE(all.layers[0].relevance.equal(all.relevance_token));
}

}  // namespace
}  // namespace lrpp
