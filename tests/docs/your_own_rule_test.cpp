// Holds the plugin of docs/tutorials/your-own-rule.md, as `lrpp --plugin` would load it.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/products.h>
#include <lrpp/framework/plugin.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;
using testing::random;
using testing::relative_difference;

Registry with_plugin() {
  Registry registry = builtin_registry();
  load_plugin(registry, LRPP_GATE_SHARE);
  return registry;
}

Attribution explain_sentence(const Registry& registry, const Composite& composite, bool audit) {
  const std::filesystem::path directory = std::filesystem::path(LRPP_SOURCE_DIR) / "zoo/sst2-mamba";
  const Model model = load_model(registry, directory, {at::kDouble, at::kCPU, false});
  const auto tokenizer = Tokenizer::from_file(directory / "tokenizer.json");
  TextInputs text;
  text.input_ids = at::tensor(tokenizer.encode("The camera work is superb.").ids, at::kLong).unsqueeze(0);
  return explain(make_plan(model.graph, composite, audit), prepare_text(model, text, "last"), model.labels);
}

// [docs:oracle]
TEST(GateShare, SharesElementByElement) {
  const Registry registry = with_plugin();
  const RulePtr rule = registry.make_rule("gate-share", {{"branch", 0.7}});
  const ops::Gate op;
  const Tensor a = random({2, 3}, 1), g = random({2, 3}, 2), relevance = random({2, 3}, 3);
  const Tensor multiplier = relevance / (a * g);  // R = y m
  const Tensors given = rule->propagate(op, Kept::all({a, g}, {a * g}), {multiplier});
  // A few float64 products and one quotient an element.
  EXPECT_LT(relative_difference(a * given.at(0), 0.7 * relevance), 1e-12);
  EXPECT_LT(relative_difference(g * given.at(1), 0.3 * relevance), 1e-12);
}
// [/docs:oracle]

// [docs:half]
TEST(GateShare, OfOneHalfIsMambaLrpAndOthersDiffer) {
  const Registry registry = with_plugin();
  const auto with_share = [&](double branch) {
    const Composite composite = registry.make_composite("mamba-lrp-gate-share", {{"branch", branch}});
    return explain_sentence(registry, composite, /*audit=*/false).relevance;
  };
  const Tensor paper =
      explain_sentence(registry, registry.make_composite("mamba-lrp"), /*audit=*/false).relevance;
  // Fused ops add in another order: the rounding of float64, two layers deep.
  EXPECT_LT(relative_difference(with_share(0.5), paper), 1e-12);
  EXPECT_GT(relative_difference(with_share(0.7), paper), 0.01);
}
// [/docs:half]

// [docs:ledger]
TEST(GateShare, LosesNothing) {
  const Registry registry = with_plugin();
  const Composite composite = registry.make_composite("mamba-lrp-gate-share", {{"branch", 0.7}});
  const Attribution result = explain_sentence(registry, composite, /*audit=*/true);
  EXPECT_TRUE(result.ledger->unbalanced(1e-10).empty());
  for (const LedgerRow& row : result.ledger->rows) {
    if (row.op == "gate") {
      EXPECT_EQ(row.absorbed().abs().max().item<double>(), 0);
    }
  }
}
// [/docs:ledger]

TEST(GateShare, NamesMistakes) {
  const Registry registry = with_plugin();
  expect_user_error([&] { registry.make_rule("gate-share", {{"branch", 1.5}}); }, {"[0, 1]", "1.5"});
  EXPECT_NE(registry.make_rule("gate-share")->rejects(ops::Softplus()), "");
}

}  // namespace
}  // namespace lrpp
