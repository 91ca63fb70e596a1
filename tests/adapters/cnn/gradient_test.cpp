// The composite `gradient` against torch::autograd through the whole graph; the ledger's balance under every
// composite; canonizers change no output.
#include <lrpp/adapters/cnn/register.h>
#include <lrpp/tests/adapters/cnn/cases.h>
#include <lrpp/tests/support/every_composite.h>
#include <lrpp/tests/support/graph_autograd.h>
#include <lrpp/tests/support/many_targets.h>

#include <set>

namespace lrpp {
namespace {

using namespace testing;

class WholeCnn : public ::testing::TestWithParam<std::string> {};

TEST_P(WholeCnn, GradientEqualsAutograd) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  const Attribution ours = explain_case(model, "gradient", tensors);
  const Tensor seed = at::zeros_like(ours.logits).scatter(1, ours.target.target.unsqueeze(1), 1);
  const Tensor autograd = autograd_of_graph(model.graph, case_inputs(model, tensors), seed);
  // Float64 rounding through a whole model, relative to the largest entry.
  EXPECT_LT(relative_difference(ours.relevance, autograd), 1e-11);
  EXPECT_GT(autograd.abs().max().item<double>(), 1e-6) << "a gradient that is zero compares with anything";
}

TEST_P(WholeCnn, RowsOfABatchAreIndependent) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  const Attribution together = explain_case(model, "gradient-x-input", tensors);
  for (int64_t b = 0; b < together.logits.size(0); ++b) {
    std::map<std::string, Tensor> one;
    for (const auto& [key, tensor] : tensors) one[key] = tensor.slice(0, b, b + 1);
    const Attribution alone = explain_case(model, "gradient-x-input", one);
    // The same sums in the same order, up to how a library cuts matrices into blocks.
    EXPECT_LT(relative_difference(alone.relevance[0], together.relevance[b]), 1e-11);
  }
}

TEST_P(WholeCnn, TheLedgerBalancesUnderEveryComposite) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  expect_balance_under_every_composite(builtin_registry(), model, case_inputs(model, tensors), {});
}

TEST_P(WholeCnn, ManyTargetsEqualOneByOne) {
  expect_many_equal_one_by_one(load_case(GetParam()), case_tensors(GetParam()));
}

TEST_P(WholeCnn, CanonizersChangeNoLogit) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  const Registry registry = builtin_registry();
  Composite composite = registry.make_composite("gradient");
  composite.canonizers = {registry.canonizer("remove-dropout"), registry.canonizer("merge-batch-norm")};
  const Plan plan = make_plan(model.graph, composite);
  for (const Node& node : plan.graph.nodes()) {
    EXPECT_NE(node.op->type(), "batch_norm") << node.name << ": each follows a convolution, alone";
    EXPECT_NE(node.op->type(), "dropout") << node.name;
  }
  const Attribution canonized = explain_case(model, composite, tensors);
  // One rounding more or less in each weight.
  EXPECT_LT(relative_difference(canonized.logits, tensors.at("logits")), 1e-12);
  const Attribution plain = explain_case(model, "gradient", tensors);
  EXPECT_LT(relative_difference(canonized.relevance, plain.relevance), 1e-11);
}

TEST(EveryCnn, IsAmongTheCases) {
  Registry registry;
  register_cnn(registry);
  std::set<std::string> held{"timm_resnet", "timm_vgg"};  // in timm_test.cpp
  for (const std::string& name : cnn_models()) held.insert(load_case(name).model_type);
  for (const auto& [type, info] : registry.adapters()) EXPECT_TRUE(held.contains(type)) << type;
}

INSTANTIATE_TEST_SUITE_P(Cases, WholeCnn, ::testing::ValuesIn(cnn_models()), test_name);

}  // namespace
}  // namespace lrpp
