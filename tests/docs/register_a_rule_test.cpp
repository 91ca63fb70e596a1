// The code of docs/how-to/register-a-rule.md: the page shows the marked regions, this file compiles and
// asserts them.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/plugin.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace my_rules {

using namespace lrpp;

// [docs:rule]
struct FadeParameters {
  double keep = 0.5;  ///< the share of relevance that passes
};

/// An activation hands on a share of its relevance and absorbs the rest: R_in = keep R_out. An example, from
/// no paper. Conserves only where keep is 1.
class Fade final : public RuleWith<FadeParameters> {
 public:
  /// Throws UserError for a share outside [0, 1].
  explicit Fade(FadeParameters parameters = {}) : RuleWith(parameters) {
    require(parameters.keep >= 0 && parameters.keep <= 1, "rule fade", "keep must lie in [0, 1]; got {}",
            parameters.keep);
  }
  std::string_view name() const override { return "fade"; }
  std::string rejects(const Op& op) const override {
    const auto* activation = dynamic_cast<const Activation*>(&op);
    return activation && activation->has_factor() ? ""
                                                  : "fade needs an activation whose f(x)/x has a limit at 0";
  }
  Needs needs(const Op&) const override { return Needs::only_inputs({0}); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override {
    const Tensor factor = static_cast<const Activation&>(op).factor(kept.input(0));
    return {outputs.at(0) * factor * parameters_.keep};
  }
  Absorbed absorbed(const Op&, const Kept& all, const Passage& passage) const override {
    Absorbed absorbed;
    absorbed.by_rule = dot_per_example(all.output(0), passage.outputs.at(0)) * (1 - parameters_.keep);
    return absorbed;
  }
};
// [/docs:rule]

// [docs:register]
void register_my_rules(Registry& registry) {
  registry.add_rule<Fade>("fade", "an activation hands on a share of its relevance",
                          "an example, from no paper",
                          /*conserves=*/false);
}
// [/docs:register]

}  // namespace my_rules

// [docs:plugin]
LRPP_PLUGIN(my_rules, my_rules::register_my_rules)
// [/docs:plugin]

namespace lrpp {
namespace {

using testing::expect_user_error;
using testing::random;
using testing::relative_difference;

/// A dozen float64 operations; the oracle divides where the rule does not.
constexpr double tolerance = 1e-12;

// [docs:oracle]
TEST(FadeRule, HandsOnItsShareElementByElement) {
  const my_rules::Fade rule({0.25});
  const ops::Silu op;
  const Tensor x = random({2, 3}, 1), y = op.forward({x})[0], relevance = random({2, 3}, 2);
  const Tensor multiplier = relevance / y;  // the paper's world: R = y m
  const Tensor got = x * rule.propagate(op, Kept::all({x}, {y}), {multiplier})[0];
  Tensor expected = at::zeros_like(x);
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t i = 0; i < 3; ++i) expected[n][i] = 0.25 * relevance[n][i].item<double>();
  }
  EXPECT_LT(relative_difference(got, expected), tolerance);
}
// [/docs:oracle]

// [docs:use]
TEST(FadeRule, ServesARulesFileAndItsLedgerBalances) {
  Registry registry = builtin_registry();
  my_rules::register_my_rules(registry);
  const Json rules = parse_json(R"({"extends": "lrp-0",
    "rules": [{"match": {"kind": "activation"}, "rule": {"fade": {"keep": 0.25}}}]})",
                                "rules");
  const Composite composite = composite_from_json(registry, rules, "rules");

  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const std::map<std::string, Tensor> inputs{{"x", random({2, 4}, 7)}};
  const Plan plan = make_plan(graph, composite, /*audit=*/true);
  const Attribution faded = explain(plan, inputs, /*labels=*/{});

  const Plan whole = make_plan(graph, registry.make_composite("lrp-0"));
  const Attribution full = explain(whole, inputs, /*labels=*/{});
  EXPECT_LT(relative_difference(faded.relevance, 0.25 * full.relevance), tolerance);

  EXPECT_TRUE(faded.ledger->unbalanced(1e-10).empty());
  EXPECT_LT(faded.ledger->relative_total_imbalance(), 1e-10);
  const LedgerRow& row = faded.ledger->rows[static_cast<size_t>(graph.find("act"))];
  EXPECT_LT(relative_difference(row.by_rule, 0.75 * row.in), tolerance);
}
// [/docs:use]

// [docs:mistakes]
TEST(FadeRule, MistakesAreNamedBeforeAnythingRuns) {
  Registry registry = builtin_registry();
  my_rules::register_my_rules(registry);
  expect_user_error([&] { registry.make_rule("fade", {{"keep", 2}}); }, {"[0, 1]", "2"});
  expect_user_error([&] { registry.make_rule("fade", {{"kept", 0.5}}); }, {"'kept'", "keep"});
  expect_user_error([&] { registry.make_rule("fad"); }, {"unknown rule 'fad'", "fade"});
  expect_user_error([&] { my_rules::register_my_rules(registry); }, {"'fade' is registered already"});
  EXPECT_NE(my_rules::Fade().rejects(ops::Softplus()), "") << "softplus(0) is not 0";
}
// [/docs:mistakes]

}  // namespace
}  // namespace lrpp
