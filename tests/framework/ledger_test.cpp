#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/identity.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

/// Claims to conserve, and loses a hundredth.
class Leaky final : public RuleWith<NoParameters> {
 public:
  std::string_view name() const override { return "leaky"; }
  std::string rejects(const Op&) const override { return {}; }
  Needs needs(const Op& op) const override { return rules::Identity().needs(op); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override {
    return {rules::Identity().propagate(op, kept, outputs)[0] * 0.99};
  }
};

Ledger audit(const Graph& graph, const Composite& composite) {
  const Tensor x = testing::random({3, 4}, 21);
  return *explain(make_plan(graph, composite, /*audit=*/true), {{"x", x}}, {}, {}).ledger;
}

TEST(Ledger, BalancesUnderEveryComposite) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Registry registry = builtin_registry();
  for (const auto& [name, info] : registry.composites()) {
    SCOPED_TRACE(name);
    const Ledger ledger = audit(graph, testing::make_any_composite(registry, name));
    EXPECT_TRUE(ledger.unbalanced(1e-10).empty());
    EXPECT_LT(ledger.relative_total_imbalance(), 1e-10);
  }
}

TEST(Ledger, BiasesAreAccountedFor) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Ledger ledger = audit(graph, builtin_registry().make_composite("lrp-0"));
  const LedgerRow& second = ledger.rows[static_cast<size_t>(graph.find("second"))];
  EXPECT_GT(second.bias.abs().min().item<double>(), 0);
  EXPECT_TRUE(at::allclose(second.in, ledger.seed));
  const LedgerRow& act = ledger.rows[static_cast<size_t>(graph.find("act"))];
  EXPECT_EQ(act.absorbed().abs().max().item<double>(), 0) << "identity conserves";
}

TEST(Ledger, APlantedBugIsFoundAndNamed) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  Composite composite = builtin_registry().make_composite("lrp-0");
  composite.entries.insert(composite.entries.begin(), {Match{{}, "act", {}}, std::make_shared<Leaky>()});
  const Ledger ledger = audit(graph, composite);
  const auto found = ledger.unbalanced(1e-10);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]->node, "act");
  EXPECT_EQ(found[0]->rule, "leaky");
  EXPECT_GT(ledger.relative_total_imbalance(), 1e-6);
}

TEST(Ledger, NaNNeverBalances) {
  Ledger ledger;
  const Tensor zero = at::zeros({1}, at::kDouble);
  ledger.rows.push_back({"n", "op", "rule", zero + std::nan(""), zero, zero, zero, zero, zero, true});
  ledger.seed = ledger.scale = at::ones({1}, at::kDouble);
  EXPECT_EQ(ledger.unbalanced(1e-10).size(), 1u);
}

}  // namespace
}  // namespace lrpp
