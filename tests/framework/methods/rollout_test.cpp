// Attention rollout against explicit products of explicit matrices.
#include <lrpp/framework/methods/rollout.h>
#include <lrpp/tests/framework/methods/cases.h>

namespace lrpp {
namespace {

using namespace testing;

/// A_L ... A_1 with A = 0.5 W + 0.5 I and W the mean of a layer's weights over heads: [B,T,T].
Tensor product_of_layers(const MethodCase& c) {
  const Graph& graph = c.model.graph;
  std::vector<Tensors> values(graph.nodes().size());
  Tensor product;
  for (size_t i = 0; i < values.size(); ++i) {
    const Node& node = graph.nodes()[i];
    Tensors arguments;
    for (const Value& v : node.inputs)
      arguments.push_back(values[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]);
    const auto given = c.inputs.find(node.name);
    values[i] = given == c.inputs.end() ? node.op->forward(arguments) : Tensors{given->second};
    if (node.op->type() != "softmax") continue;
    const Tensor weights = values[i][0].mean(1);
    const Tensor step = 0.5 * weights + 0.5 * at::eye(weights.size(1), weights.options()).expand_as(weights);
    product = product.defined() ? at::matmul(step, product) : step;
  }
  return product;
}

TEST(AttentionRollout, IsTheProductOfAllLayersSeenFromTheTokenThatAnswers) {
  const MethodPtr method = builtin_registry().make_method("attention-rollout");
  for (const char* name :
       {"bert", "roberta", "distilbert", "vit", "gpt2", "gpt-neox", "llama-gqa", "gemma3"}) {
    SCOPED_TRACE(name);
    const MethodCase c(std::string("hf-forward/") + name);
    const Attribution a = method->explain(c.model, c.inputs, {});
    const Tensor product = product_of_layers(c);
    for (int64_t b = 0; b < product.size(0); ++b) {
      const int64_t token = c.inputs.contains("position") ? c.inputs.at("position")[b].item<int64_t>() : 0;
      // Float64 rounding of two layers.
      EXPECT_LT(relative_difference(a.relevance_token[b], product[b][token]), 1e-13);
      EXPECT_NEAR(a.relevance_token[b].sum().item<double>(), 1, 1e-12);
    }
  }
}

TEST(AttentionRollout, OfAMeanOverTokensIsTheMean) {
  const MethodCase c("hf-forward/deit");
  const MethodPtr method = builtin_registry().make_method("attention-rollout");
  const Attribution a = method->explain(c.model, c.inputs, {});
  const Tensor product = product_of_layers(c);
  // The class token and the distillation token answer alike, or the class token alone.
  const Json indices = c.model.graph.node(find_answer(c.model.graph)).op->attributes();
  const bool both = indices.contains("indices");
  const Tensor expected = both ? (product.select(1, 0) + product.select(1, 1)) / 2 : product.select(1, 0);
  EXPECT_LT(relative_difference(a.relevance_token, expected), 1e-13);
  EXPECT_LT(relative_difference(a.relevance.sum({1, 2, 3}), expected.slice(1, 2).sum(1)), 1e-12)
      << "pixels have what patches have; learned tokens keep theirs";
}

TEST(AttentionRollout, SaysWhyItCannotServe) {
  const MethodPtr method = builtin_registry().make_method("attention-rollout");
  EXPECT_NE(method->rejects(load_case("hf-forward/mamba-tied")).find("selective_scan"), std::string::npos);
  EXPECT_NE(method->rejects(load_case("hf-forward/jamba")).find("see each other too"), std::string::npos);
  EXPECT_NE(method->rejects(load_case("hf-forward/resnet")).find("the model has none"), std::string::npos);
}

TEST(AttentionRollout, ALayerWithoutWeightsPassesItsStreamOn) {
  const Tensor rows = random({2, 3}), nothing = at::zeros({2, 3, 3}, at::kDouble);
  EXPECT_TRUE(through_layer(rows, nothing, true).equal(rows));
  // A stream that is taken away whole: no row, and no 0 / 0.
  const Tensor away = -at::eye(3, at::kDouble).expand({2, 3, 3});
  EXPECT_TRUE(through_layer(rows, away, true).eq(0).all().item<bool>());
}

}  // namespace
}  // namespace lrpp
