// The Mamba family's adapters and composites against its oracle: plain LibTorch and autograd, with what the
// composite holds detached. family_reference_test.cpp says why the oracle can be trusted.
#include <lrpp/tests/plugins/mamba/family_cases.h>

namespace lrpp {
namespace {

using namespace testing;

/// Rounding of float64 through a whole model, relative to the largest entry: the sums are taken in another
/// order (chunks here, tokens there), which comes to 8e-14 at most. Any one thing held that were left out
/// would move the result by 1e-3 or more.
constexpr double tolerance = 1e-12;

class FamilyOracle : public ::testing::TestWithParam<FamilyCase> {
 protected:
  Tensor ours(const Composite& composite) const {
    return explain_case(model_, composite, tensors_).relevance;
  }
  Tensor ours(const std::string& composite, const Json& arguments = Json::object()) const {
    return ours(builtin_registry().make_composite(composite, arguments));
  }
  Tensor oracle(const std::set<Held>& held, double stabilizer = 0) const {
    return reference_relevance(reference_, tensors_, held, stabilizer);
  }
  const std::map<std::string, Tensor> tensors_ = case_tensors(GetParam().fixture);
  const Model model_ = load_case(GetParam().fixture);
  const ReferenceMamba reference_{fixture(GetParam().fixture)};
};

TEST_P(FamilyOracle, MambaLrpIsAutogradWithHeldTensorsDetached) {
  EXPECT_LT(relative_difference(ours("mamba-lrp"), oracle(everything_held())), tolerance);
  EXPECT_LT(relative_difference(ours("mamba-lrp", {{"stabilizer", 1e-3}}), oracle(everything_held(), 1e-3)),
            tolerance);
}

TEST_P(FamilyOracle, GradientIsAutograd) {
  EXPECT_LT(relative_difference(ours("gradient"), reference_gradient(reference_, tensors_, {})), tolerance);
  EXPECT_LT(relative_difference(ours("gradient-x-input"), oracle({})), tolerance);
}

TEST_P(FamilyOracle, LnRuleHoldsTheNormsOnly) {
  const std::set<Held> norms{Held::norm, Held::gated_norm, Held::parameter_norm, Held::router_sum};
  EXPECT_LT(relative_difference(ours("ln-rule"), oracle(norms)), tolerance);
}

/// One rule of mamba-lrp replaced by the plain gradient is the oracle with the same thing not held: the rules
/// do what their names say, each by itself.
TEST_P(FamilyOracle, EachRuleHoldsWhatItSays) {
  struct Rule {
    const char* name;
    Match match;
    std::set<Held> held;
  };
  const std::vector<Rule> rules{
      {"SSM", {.op = {"selective_scan", "ssd"}}, ssm_held()},
      {"gate", {.op = {"gate"}}, {Held::ssm_gate, Held::mlp_gate}},
      {"activation",
       {.kind = {OpKind::activation}},
       {Held::conv_activation, Held::gate_activation, Held::mlp_activation}},
      {"norm",
       {.kind = {OpKind::norm}},
       {Held::norm, Held::gated_norm, Held::parameter_norm, Held::router_sum}},
      {"attention", {.op = {"matmul"}}, {Held::attention}},
      {"experts", {.op = {"expert_combine"}}, {Held::router}},
  };
  const RulePtr gradient = builtin_registry().make_rule("gradient");
  for (const Rule& rule : rules) {
    SCOPED_TRACE(rule.name);
    Composite composite = builtin_registry().make_composite("mamba-lrp");
    composite.entries.insert(composite.entries.begin(), {rule.match, gradient});
    std::set<Held> held = everything_held();
    for (const Held left_out : rule.held) held.erase(left_out);
    EXPECT_LT(relative_difference(ours(composite), oracle(held)), tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, FamilyOracle, ::testing::ValuesIn(family_cases()), family_name);

}  // namespace
}  // namespace lrpp
