// Every fixture, every composite: the ledger balances at every node to 1e-10 of the seed, in float64.
#include <lrpp/tests/adapters/transformer/cases.h>
#include <lrpp/tests/support/every_composite.h>

namespace lrpp {
namespace {

using namespace testing;

class TransformerLedger : public ::testing::TestWithParam<std::string> {};

TEST_P(TransformerLedger, BalancesUnderEveryComposite) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  ExplainOptions options;
  options.targets = {"input"};
  options.given_target = tensors.at("target");
  expect_balance_under_every_composite(builtin_registry(), model, case_inputs(model, tensors), options);
}

INSTANTIATE_TEST_SUITE_P(Cases, TransformerLedger, ::testing::ValuesIn(all_models()), test_name);

}  // namespace
}  // namespace lrpp
