// Every fixture, every composite: the ledger balances at every node to 1e-10 of the seed, in float64.
#include <lrpp/tests/plugins/mamba/cases.h>
#include <lrpp/tests/support/every_composite.h>
#include <lrpp/tests/support/many_targets.h>

namespace lrpp {
namespace {

using namespace testing;

std::vector<std::string> all_cases() {
  auto cases = official_cases();
  cases.push_back("hf-forward/mamba-tied");
  cases.push_back("hf-forward/mamba-untied-biases");
  return cases;
}

class MambaLedger : public ::testing::TestWithParam<std::string> {};

TEST_P(MambaLedger, BalancesUnderEveryComposite) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  const TextInputs inputs{tensors.at("input_ids"), {}, tensors.at("target")};
  ExplainOptions options;
  options.targets = {"input"};
  options.given_target = inputs.target;
  expect_balance_under_every_composite(builtin_registry(), model, prepare_text(model, inputs, "last"),
                                       options);
}

TEST_P(MambaLedger, ManyTargetsEqualOneByOne) {
  expect_many_equal_one_by_one(load_case(GetParam()), case_tensors(GetParam()));
}

TEST_P(MambaLedger, BalancesWithTheCasesOwnRules) {
  const Attribution a = explain_case(load_case(GetParam()), case_composite(GetParam(), 1e-6),
                                     case_tensors(GetParam()), /*audit=*/true);
  expect_balance(builtin_registry(), *a.ledger);
}

INSTANTIATE_TEST_SUITE_P(Cases, MambaLedger, ::testing::ValuesIn(all_cases()), [](const auto& info) {
  std::string name = info.param.substr(info.param.find('/') + 1);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(MambaLedger, UnderMambaLrpOnlyBiasesAbsorb) {
  const auto tensors = case_tensors("mamba-official/classifier");
  const Attribution a = explain_case(load_case("mamba-official/classifier"),
                                     builtin_registry().make_composite("mamba-lrp"), tensors, /*audit=*/true);
  for (const LedgerRow& row : a.ledger->rows) {
    SCOPED_TRACE(row.node);
    EXPECT_EQ(row.stabilizer.abs().max().item<double>(), 0);
    EXPECT_EQ(row.by_rule.abs().max().item<double>(), 0);
    EXPECT_EQ(row.held.abs().max().item<double>(), 0);
    const bool parameters =
        row.node.find("x_proj") != std::string::npos || row.node.find("dt_") != std::string::npos;
    if (parameters) {
      EXPECT_FALSE(row.reached) << "nothing reaches the projections of dt, B and C";
    }
  }
}

}  // namespace
}  // namespace lrpp
