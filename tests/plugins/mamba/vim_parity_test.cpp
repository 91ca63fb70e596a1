// Vision Mamba against the official code: hustvl's model, and MambaLRP's relevance at its tokens.
#include <lrpp/framework/composite_json.h>
#include <lrpp/tests/plugins/mamba/vim_cases.h>

namespace lrpp {
namespace {

using namespace testing;

/// The model from its tokens on: they are its input and what is attributed. The walk reads their relevance in
/// passing as a sum over channels; this shows each channel.
Graph from_tokens(const Graph& graph) {
  GraphBuilder builder;
  std::map<Value, Value> copies{{*graph.tokens(), builder.input("tokens")}};
  for (int i = graph.tokens()->node + 1; i < static_cast<int>(graph.nodes().size()); ++i) {
    const Node& node = graph.node(i);
    std::vector<Value> inputs;
    for (const Value& v : node.inputs) inputs.push_back(copies.at(v));
    const std::vector<Value> outputs = builder.add_multi(node.name, node.op, inputs);
    for (int o = 0; o < static_cast<int>(outputs.size()); ++o)
      copies[{i, o}] = outputs[static_cast<size_t>(o)];
  }
  return std::move(builder).finish(copies.at(*graph.tokens()), copies.at(graph.output()));
}

/// The value of the tokens for these pixels.
Tensor tokens_of(const Graph& graph, const Tensor& pixels) {
  std::vector<Tensors> values;
  for (int i = 0; i <= graph.tokens()->node; ++i) {
    const Node& node = graph.node(i);
    Tensors inputs;
    for (const Value& v : node.inputs)
      inputs.push_back(values[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]);
    values.push_back(node.op->type() == "input" ? Tensors{pixels} : node.op->forward(inputs));
  }
  return values.back()[0];
}

/// The rules of a case: MambaLRP, with the generalized gamma rule on the layers that the case names.
Composite case_composite(const std::string& name, double stabilizer) {
  const Registry registry = builtin_registry();
  const Json arguments{{"stabilizer", stabilizer}};
  if (name.ends_with("gamma-conv1d")) return registry.make_composite("mamba-lrp-vision", arguments);
  if (!name.ends_with("gamma-projections")) return registry.make_composite("mamba-lrp", arguments);
  Json rules =
      read_json(std::filesystem::path(LRPP_SOURCE_DIR) / "docs/how-to/examples/gamma-projections.json");
  rules["extends"] = {{"mamba-lrp", arguments}};
  return composite_from_json(registry, rules, "the rules of the case");
}

std::vector<std::string> all_cases() {
  std::vector<std::string> cases = vim_official();
  cases.insert(cases.end(), vim_options().begin(), vim_options().end());
  return cases;
}

class VimForward : public ::testing::TestWithParam<std::string> {};

TEST_P(VimForward, EqualsTheOfficialModel) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  // Float64 on both sides.
  EXPECT_LT(relative_difference(run_forward(model, case_inputs(model, tensors)), tensors.at("logits")), 1e-9);
}

INSTANTIATE_TEST_SUITE_P(Cases, VimForward, ::testing::ValuesIn(all_cases()), test_name);

class VimRelevance : public ::testing::TestWithParam<std::string> {
 protected:
  VimRelevance() : expected(case_tensors(GetParam())) {}
  Tensor relevance_of_tokens(at::ScalarType dtype, double stabilizer) const {
    const Composite composite = case_composite(GetParam(), stabilizer);
    return explain_case(load_case(GetParam(), dtype), composite, expected).relevance_token;
  }
  std::map<std::string, Tensor> expected;
};

TEST_P(VimRelevance, EqualsMambaLrpWithTheStabilizerOfTheOfficialCode) {
  // Float64 on both sides; a few thousand operations deep.
  constexpr double tolerance = 1e-9;
  EXPECT_LT(relative_difference(relevance_of_tokens(at::kDouble, 1e-6), expected.at("relevance_token")),
            tolerance);
  const Model model = load_case(GetParam());
  ExplainOptions options;
  options.targets = {"input"};
  options.given_target = expected.at("target");
  const Plan plan = make_plan(from_tokens(model.graph), case_composite(GetParam(), 1e-6));
  const Tensor tokens = tokens_of(model.graph, expected.at("pixel_values"));
  const Attribution each_channel = explain(plan, {{"tokens", tokens}}, model.labels, options);
  EXPECT_LT(relative_difference(each_channel.relevance, expected.at("relevance")), tolerance);
}

TEST_P(VimRelevance, IsCloseWithExactRules) {
  // The official code stabilises SiLU's denominator with 1e-6; where |x| is about 0.01 that moves R by 1e-4.
  EXPECT_LT(relative_difference(relevance_of_tokens(at::kDouble, 0), expected.at("relevance_token")), 1e-4);
}

TEST_P(VimRelevance, InFloat32) {
  // Roundings of 2^-24 that add up through the model: 3.3e-7 was the largest seen on these cases; ten times
  // that.
  EXPECT_LT(relative_difference(relevance_of_tokens(at::kFloat, 1e-6), expected.at("relevance_token")), 3e-6);
}

std::vector<std::string> cases_with_relevance() {
  std::vector<std::string> cases = all_cases();
  // The official MambaLRP has no rule for LayerNorm; see vim_graph_test.cpp.
  std::erase(cases, "vim-options/layer-norm");
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Cases, VimRelevance, ::testing::ValuesIn(cases_with_relevance()), test_name);

TEST(VimRelevance, GammaIsSeen) {
  // The cases differ from each other by far more than any tolerance above: none of them passes by accident.
  const auto relevance = [](const std::string& name) { return case_tensors(name).at("relevance"); };
  EXPECT_GT(relative_difference(relevance(vim_official()[1]), relevance(vim_official()[0])), 1e-2);
  EXPECT_GT(relative_difference(relevance(vim_official()[2]), relevance(vim_official()[1])), 1e-2);
}

TEST(VimRelevance, GammaOnConvolutionsIsTheFamilysOwnComposite) {
  const Model model = load_case(vim_official()[1]);
  EXPECT_EQ(model.default_composite, "mamba-lrp-vision");
  EXPECT_EQ(model.task, "image classifier");
}

}  // namespace
}  // namespace lrpp
