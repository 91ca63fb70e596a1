// Jamba, Bamba, Zamba2 and Nemotron-H: what mamba-lrp holds, audits, padding and batches. What all families
// are held to is in family_test.cpp.
#include <lrpp/tests/plugins/mamba/hybrid_cases.h>

#include <set>

namespace lrpp {
namespace {

using namespace testing;

class Hybrid : public ::testing::TestWithParam<std::string> {
 protected:
  Hybrid() : tensors_(case_tensors(GetParam())) {}
  std::map<std::string, Tensor> tensors_;
};

/// Whether a node only chooses: how much of a state stays, which tokens are read, which experts work.
bool chooses(const LedgerRow& row) {
  const std::set<std::string> ops{"softplus", "clamp", "sigmoid", "softmax", "expert_choice", "sum_norm"};
  const auto ends = [&](const char* end) { return row.node.ends_with(end); };
  return ops.contains(row.op) || ends("q_proj") || ends("k_proj") || ends("x_proj") || ends("dt_proj") ||
         ends(".router") || (ends("mixer.gate") && row.op == "linear") || ends(".scores");
}

TEST_P(Hybrid, UnderMambaLrpOnlyBiasesAbsorbAndWhatChoosesIsHeld) {
  const Attribution a = explain_case(load_case(GetParam()), "mamba-lrp", tensors_, /*audit=*/true);
  for (const LedgerRow& row : a.ledger->rows) {
    SCOPED_TRACE(row.node);
    EXPECT_EQ(row.stabilizer.abs().max().item<double>(), 0);
    EXPECT_EQ(row.by_rule.abs().max().item<double>(), 0);
    EXPECT_EQ(row.held.abs().max().item<double>() != 0, row.reached && row.op == "parameter");
    if (chooses(row)) {
      EXPECT_FALSE(row.reached);
    }
  }
}

TEST_P(Hybrid, AnAuditExplainsTheSame) {
  // Without one, the last layers are computed for the explained token alone, as far as that goes.
  const Model model = load_case(GetParam());
  const Attribution a = explain_case(model, "mamba-lrp", tensors_),
                    audited = explain_case(model, "mamba-lrp", tensors_, /*audit=*/true);
  EXPECT_LT(relative_difference(a.relevance, audited.relevance), 1e-11);
}

TEST_P(Hybrid, PaddingOnTheRightChangesNothing) {
  const Model model = load_case(GetParam());
  const Tensor& ids = tensors_.at("input_ids");
  const Tensor padded = at::cat({ids, at::full({ids.size(0), 3}, 5, at::kLong)}, 1);
  const Tensor mask = at::cat({at::ones_like(ids), at::zeros({ids.size(0), 3}, at::kLong)}, 1);
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"));
  ExplainOptions options;
  options.targets = {"input"};
  options.given_target = tensors_.at("target");
  const auto with = explain(plan, prepare_text(model, {padded, mask, {}}, "last"), model.labels, options);
  const auto without = explain(plan, prepare_text(model, {ids, {}, {}}, "last"), model.labels, options);
  // Other sums of the same numbers: matrix products of another size.
  EXPECT_LT(relative_difference(with.relevance.slice(1, 0, ids.size(1)), without.relevance), 1e-11);
  EXPECT_EQ(with.relevance.slice(1, ids.size(1)).abs().max().item<double>(), 0);
}

TEST_P(Hybrid, OneExampleOfABatchIsExplainedAsAlone) {
  // Experts get as many rows as the neediest example of the batch has tokens for them: the others are padded.
  const Model model = load_case(GetParam());
  const auto of = [&](int64_t from, int64_t to) {
    std::map<std::string, Tensor> part;
    for (const auto& [name, tensor] : tensors_) part[name] = tensor.slice(0, from, to);
    return explain_case(model, "mamba-lrp", part).relevance;
  };
  const Tensor both = of(0, 2);
  for (int64_t b = 0; b < 2; ++b)
    EXPECT_LT(relative_difference(both.slice(0, b, b + 1), of(b, b + 1)), 1e-11);
}

INSTANTIATE_TEST_SUITE_P(Cases, Hybrid, ::testing::ValuesIn(hybrid_cases()), test_name);

}  // namespace
}  // namespace lrpp
