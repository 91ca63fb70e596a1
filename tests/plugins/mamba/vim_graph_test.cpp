// Vision Mamba with each of its options: the gradient and MambaLRP against autograd, the ledger, the choice
// of the class token, and bfloat16.
#include <lrpp/tests/plugins/mamba/scan_autograd.h>
#include <lrpp/tests/plugins/mamba/vim_cases.h>
#include <lrpp/tests/support/every_composite.h>
#include <lrpp/tests/support/many_targets.h>

#include <set>

namespace lrpp {
namespace {

using namespace testing;

/// Float64 rounding through a whole model, relative to the largest entry.
constexpr double tolerance = 1e-11;

/// What MambaLRP holds constant, detached: autograd through this is the rules' multiplier.
Tensors held_forward(const Node& node, const Tensors& inputs) {
  const std::string_view type = node.op->type();
  const Tensor& x = inputs.at(0);
  if (type == "selective_scan") {
    return differentiable_forward(node, {x, inputs[1].detach(), inputs[2].detach(), inputs[3].detach()});
  }
  if (type == "gate") return {x * inputs[1] / 2 + (x * inputs[1] / 2).detach()};
  if (type == "silu") return {x * at::sigmoid(x).detach()};
  if (node.op->kind() != OpKind::norm) return differentiable_forward(node, inputs);
  const Tensor centred = type == "rms_norm" ? x : x - x.mean(-1, true);
  const double eps = node.op->attributes()["eps"].get<double>();
  const Tensor y = centred * (centred.square().mean(-1, true) + eps).rsqrt().detach();
  const NamedTensors weights = node.op->weights();
  return {weights.size() == 1 ? y * weights[0].second : y * weights[0].second + weights[1].second};
}

class VimGraph : public ::testing::TestWithParam<std::string> {
 protected:
  VimGraph() : tensors(case_tensors(GetParam())), model(load_case(GetParam())) {}
  Tensor autograd(const NodeForward& compute) const {
    const Tensor target = tensors.at("target");
    const auto classes = static_cast<int64_t>(model.labels.size());
    const Tensor seed =
        at::zeros({target.size(0), classes}, at::kDouble).scatter_(1, target.unsqueeze(1), 1.0);
    return autograd_of_graph(model.graph, case_inputs(model, tensors), seed, compute);
  }
  std::map<std::string, Tensor> tensors;
  Model model;
};

TEST_P(VimGraph, GradientEqualsAutograd) {
  EXPECT_LT(relative_difference(explain_case(model, "gradient", tensors).relevance,
                                autograd(differentiable_forward)),
            tolerance);
}

TEST_P(VimGraph, MambaLrpEqualsAutogradWithHeldTensorsDetached) {
  const Tensor expected = tensors.at("pixel_values") * autograd(held_forward);
  EXPECT_LT(relative_difference(explain_case(model, "mamba-lrp", tensors).relevance, expected), tolerance);
}

TEST_P(VimGraph, BalancesUnderEveryComposite) {
  ExplainOptions options;
  options.targets = {"input"};
  options.given_target = tensors.at("target");
  expect_balance_under_every_composite(builtin_registry(), model, case_inputs(model, tensors), options);
}

TEST_P(VimGraph, ManyTargetsEqualOneByOne) { expect_many_equal_one_by_one(model, tensors); }

TEST_P(VimGraph, TheChoiceOfATokenMovesAndChangesNothing) {
  const Composite composite = builtin_registry().make_composite("mamba-lrp-vision");
  const Attribution all = explain_case(model, composite, tensors, /*audit=*/true);
  const Attribution early = explain_case(model, composite, tensors);
  // The same sums over the same tokens; a matrix product of another size may add in another order.
  EXPECT_LT(relative_difference(early.relevance, all.relevance), tolerance);
  const Plan plan = make_plan(model.graph, composite);
  std::set<std::string> names;
  for (const Node& node : plan.graph.nodes()) names.insert(node.name);
  const Json config = read_json(fixture(GetParam()) / "config.json");
  const std::string last = fmt::format("layers.{}.mixer.", config["depth"].get<int64_t>() - 1);
  // Where one token answers, what follows the scans is computed for it alone; a mean needs them all.
  const bool one = !names.contains("vim.mean_tokens");
  EXPECT_EQ(names.contains(last + "selective_scan.pick"), one);
  EXPECT_EQ(names.contains(last + "flip_back.pick"), one);
}

INSTANTIATE_TEST_SUITE_P(Models, VimGraph, ::testing::ValuesIn(vim_models()), test_name);

TEST(VimBfloat16, KeepsTheResidualInFloat32AndStaysClose) {
  const std::string name = vim_official().front();
  const auto tensors = case_tensors(name);
  const Model model = load_case(name, at::kBFloat16);
  EXPECT_NO_THROW(model.graph.find("vim.residual_cast"));
  const Attribution a = explain_case(model, "mamba-lrp", tensors);
  // bfloat16 has 8 bits of precision, 0.4%; a few layers and sums that cancel leave some per cent of max |R|.
  EXPECT_LT(relative_difference(a.logits, tensors.at("logits")), 0.05);
  EXPECT_LT(relative_difference(a.relevance_token, tensors.at("relevance_token")), 0.15);

  EditedModel narrow(name);
  narrow.config["residual_in_fp32"] = false;
  EXPECT_THROW(narrow.load(at::kBFloat16).graph.find("vim.residual_cast"), UserError);
}

}  // namespace
}  // namespace lrpp
