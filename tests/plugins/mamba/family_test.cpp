// Falcon-Mamba, Mamba-2 and the hybrids: forward, gradient, ledger, and checkpoints that are damaged.
#include <lrpp/tests/plugins/mamba/family_cases.h>
#include <lrpp/tests/plugins/mamba/scan_autograd.h>
#include <lrpp/tests/support/damaged_checkpoint.h>
#include <lrpp/tests/support/every_composite.h>
#include <lrpp/tests/support/many_targets.h>

namespace lrpp {
namespace {

using namespace testing;

class Family : public ::testing::TestWithParam<FamilyCase> {
 protected:
  Family() : name_(GetParam().fixture), tensors_(case_tensors(name_)) {}
  std::string name_;
  std::map<std::string, Tensor> tensors_;
};

TEST_P(Family, EqualsTransformers) {
  // Float64 on both sides. The logits of a language model are those of every position.
  const Tensor& logits = tensors_.at("logits");
  const Model model = load_case(name_, at::kDouble, /*every_position=*/logits.dim() == 3);
  const auto inputs = logits.dim() == 3
                          ? std::map<std::string, Tensor>{{"input_ids", tensors_.at("input_ids")}}
                          : case_inputs(model, tensors_);
  EXPECT_LT(relative_difference(run_forward(model, inputs), logits), 1e-9);
}

TEST_P(Family, GradientEqualsAutograd) {
  const Model model = load_case(name_);
  const Attribution ours = explain_case(model, "gradient", tensors_);
  const Tensor seed = at::zeros_like(ours.logits).scatter(1, tensors_.at("target").unsqueeze(1), 1);
  const Tensor expected =
      autograd_of_graph(model.graph, case_inputs(model, tensors_), seed, differentiable_forward);
  // Float64 rounding through a whole model, relative to the largest entry.
  EXPECT_LT(relative_difference(ours.relevance, expected), 1e-11);
}

TEST_P(Family, BalancesUnderEveryComposite) {
  const Model model = load_case(name_);
  ExplainOptions options;
  options.targets = {"input"};
  options.given_target = tensors_.at("target");
  expect_balance_under_every_composite(builtin_registry(), model, case_inputs(model, tensors_), options);
}

TEST_P(Family, ManyTargetsEqualOneByOne) { expect_many_equal_one_by_one(load_case(name_), tensors_); }

TEST_P(Family, ADamagedTensorIsNamed) { expect_damage_is_named(name_); }

INSTANTIATE_TEST_SUITE_P(Cases, Family, ::testing::ValuesIn(family_cases()), family_name);

}  // namespace
}  // namespace lrpp
