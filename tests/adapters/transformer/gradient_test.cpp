// The composite `gradient` against torch::autograd through the whole graph.
#include <lrpp/adapters/transformer/register.h>
#include <lrpp/tests/adapters/transformer/cases.h>
#include <lrpp/tests/support/graph_autograd.h>
#include <lrpp/tests/support/many_targets.h>

#include <set>

namespace lrpp {
namespace {

using namespace testing;

class WholeModel : public ::testing::TestWithParam<std::string> {};

TEST_P(WholeModel, GradientEqualsAutograd) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  const Attribution ours = explain_case(model, "gradient", tensors);
  const Tensor seed = at::zeros_like(ours.logits).scatter(1, tensors.at("target").unsqueeze(1), 1);
  const Tensor autograd = autograd_of_graph(model.graph, case_inputs(model, tensors), seed);
  // Float64 rounding through a whole model, relative to the largest entry.
  EXPECT_LT(relative_difference(ours.relevance, autograd), 1e-11);
  EXPECT_GT(autograd.abs().max().item<double>(), 1e-6) << "a gradient that is zero compares with anything";
}

TEST_P(WholeModel, RowsOfABatchAreIndependent) {
  auto tensors = case_tensors(GetParam());
  const int64_t examples = tensors.at("target").size(0);
  const Model model = load_case(GetParam());
  const Attribution together = explain_case(model, "gradient-x-input", tensors);
  for (int64_t b = 0; b < examples; ++b) {
    std::map<std::string, Tensor> one;
    for (const auto& [key, tensor] : tensors) one[key] = tensor.slice(0, b, b + 1);
    const Attribution alone = explain_case(model, "gradient-x-input", one);
    // The same sums in the same order, up to how a library cuts matrices into blocks.
    EXPECT_LT(relative_difference(alone.logits[0], together.logits[b]), 1e-13);
    EXPECT_LT(relative_difference(alone.relevance[0], together.relevance[b]), 1e-11);
  }
}

TEST_P(WholeModel, ManyTargetsEqualOneByOne) {
  expect_many_equal_one_by_one(load_case(GetParam()), case_tensors(GetParam()));
}

TEST(EveryTransformer, IsAmongTheCases) {
  Registry registry;
  register_transformer(registry);
  std::set<std::string> held;
  for (const std::string& name : all_models()) held.insert(load_case(name).model_type);
  for (const auto& [type, info] : registry.adapters()) EXPECT_TRUE(held.contains(type)) << type;
}

INSTANTIATE_TEST_SUITE_P(Cases, WholeModel, ::testing::ValuesIn(all_models()), test_name);

class TextModel : public ::testing::TestWithParam<std::string> {};

TEST_P(TextModel, PaddingChangesNothing) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  const Attribution plain = explain_case(model, "gradient-x-input", tensors);
  const Tensor ids = tensors.at("input_ids");
  const Tensor mask = tensors.contains("attention_mask") ? tensors.at("attention_mask") : at::ones_like(ids);
  auto padded = tensors;
  const Tensor zeros = at::zeros({ids.size(0), 3}, at::kLong);
  padded["input_ids"] = at::cat({ids, zeros}, 1);
  padded["attention_mask"] = at::cat({mask, zeros}, 1);
  if (tensors.contains("token_type_ids")) {
    padded["token_type_ids"] = at::cat({tensors.at("token_type_ids"), zeros + model.token_types - 1}, 1);
  }
  const Attribution more = explain_case(model, "gradient-x-input", padded);
  EXPECT_LT(relative_difference(more.logits, plain.logits), 1e-12);
  EXPECT_LT(relative_difference(more.relevance_token.slice(1, 0, ids.size(1)), plain.relevance_token), 1e-11);
  EXPECT_EQ(more.relevance_token.slice(1, ids.size(1)).abs().max().item<double>(), 0);
}

/// Dynamic rotary scaling depends on how long the input is, padding included, in transformers as here.
std::vector<std::string> models_blind_to_padding() {
  std::vector<std::string> models = text_models();
  std::erase(models, "hf-options/llama-dynamic");
  return models;
}

INSTANTIATE_TEST_SUITE_P(Cases, TextModel, ::testing::ValuesIn(models_blind_to_padding()), test_name);

}  // namespace
}  // namespace lrpp
