#include <lrpp/tests/support/every_composite.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp::testing {
namespace {

bool takes_a_share(const Tensor& absorbed, const Ledger& ledger) {
  return (absorbed.abs() > ledger_tolerance(at::kDouble) * ledger.scale).any().item<bool>();
}

/// "epsilon(epsilon=1e-06)" -> "epsilon"
std::string rule_name(const LedgerRow& row) { return row.rule.substr(0, row.rule.find('(')); }

std::vector<Composite> every_composite(const Registry& registry) {
  std::vector<Composite> composites;
  for (const auto& [name, info] : registry.composites())
    composites.push_back(make_any_composite(registry, name));
  for (const char* name : {"attn-lrp", "cp-lrp"}) {
    composites.push_back(registry.make_composite(name, {{"variant", "paper"}}));
    composites.push_back(registry.make_composite(name, {{"variant", "paper"}, {"epsilon", 1e-6}}));
    composites.push_back(registry.make_composite(name, {{"linear_gamma", 0.1}, {"conv_gamma", 0.25}}));
  }
  return composites;
}

}  // namespace

void expect_balance(const Registry& registry, const Ledger& ledger) {
  const double tolerance = ledger_tolerance(at::kDouble);
  for (const LedgerRow* row : ledger.unbalanced(tolerance)) {
    ADD_FAILURE() << row->node << " (" << row->op << ") under " << row->rule << ": "
                  << ledger.relative_imbalance(*row);
  }
  EXPECT_LT(ledger.relative_total_imbalance(), tolerance);
  for (const LedgerRow& row : ledger.rows) {
    SCOPED_TRACE(row.node + " (" + row.op + ") under " + row.rule);
    EXPECT_EQ(takes_a_share(row.held, ledger) && !row.rule.empty(), false) << "only constants hold a share";
    if (!takes_a_share(row.by_rule, ledger)) continue;
    EXPECT_FALSE(registry.rules().at(rule_name(row)).conserves) << "a rule that conserves lost a share";
  }
}

void expect_balance_under_every_composite(const Registry& registry, const Model& model,
                                          const std::map<std::string, Tensor>& inputs,
                                          const ExplainOptions& options, const Refusals& refusals) {
  for (const Composite& composite : every_composite(registry)) {
    SCOPED_TRACE(composite.name + " " + composite.arguments.dump());
    const auto refused = refusals.find(composite.name);
    if (refused != refusals.end()) {
      expect_user_error([&] { make_plan(model.graph, composite, /*audit=*/true); }, refused->second);
      continue;
    }
    const Attribution a =
        explain(make_plan(model.graph, composite, /*audit=*/true), inputs, model.labels, options);
    expect_balance(registry, *a.ledger);
  }
}

}  // namespace lrpp::testing
