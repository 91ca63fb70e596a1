// Every fixture, every composite: the ledger balances at every node to 1e-10 of the seed, in float64.
#include <lrpp/tests/plugins/mamba/cases.h>
#include <lrpp/tests/support/graphs.h>

namespace lrpp {
namespace {

using namespace testing;

std::vector<std::string> all_cases() {
  auto cases = official_cases();
  cases.push_back("hf-forward/mamba-tied");
  cases.push_back("hf-forward/mamba-untied-biases");
  return cases;
}

void expect_balance(const Attribution& attribution) {
  for (const LedgerRow* row : attribution.ledger->unbalanced(1e-10)) {
    ADD_FAILURE() << row->node << " under " << row->rule << ": "
                  << attribution.ledger->relative_imbalance(*row);
  }
  EXPECT_LT(attribution.ledger->relative_total_imbalance(), 1e-10);
}

class MambaLedger : public ::testing::TestWithParam<std::string> {};

TEST_P(MambaLedger, BalancesUnderEveryComposite) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  const Registry registry = builtin_registry();
  for (const auto& [name, info] : registry.composites()) {
    SCOPED_TRACE(name);
    expect_balance(explain_case(model, make_any_composite(registry, name), tensors, /*audit=*/true));
  }
}

TEST_P(MambaLedger, BalancesWithTheCasesOwnRules) {
  const auto tensors = case_tensors(GetParam());
  expect_balance(
      explain_case(load_case(GetParam()), case_composite(GetParam(), 1e-6), tensors, /*audit=*/true));
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
