// The code of docs/tutorials/new-architecture.md that is not the adapter's own: the page shows the marked
// regions, this file compiles and asserts them.
#include <gmock/gmock.h>
#include <lrpp/framework/graph_edit.h>
#include <lrpp/framework/ops/mean_tokens.h>
#include <lrpp/tests/plugins/mamba/scan_autograd.h>
#include <lrpp/tests/support/models.h>

namespace lrpp {
namespace {

using namespace testing;

/// Float64 on both sides, two layers deep, relative to the largest entry.
constexpr double tolerance = 1e-11;

// [docs:forward]
TEST(NewArchitecture, ComputesWhatTheOfficialCodeComputes) {
  const auto tensors = case_tensors("caduceus/ps-classifier");
  const Model model = load_model(builtin_registry(), fixture("caduceus/ps-classifier"), {at::kDouble});
  const Tensor logits = run_forward(model, {{"input_ids", tensors.at("input_ids")}});
  EXPECT_LT(relative_difference(logits, tensors.at("logits")), tolerance);
}
// [/docs:forward]

// [docs:paper]
/// MambaLRP, op by op as its paper has it for the nodes of a Mamba.
Composite rules_of_the_paper(const Registry& registry) {
  const RulePtr hold = registry.make_rule("hold"), half = registry.make_rule("half");
  const RulePtr identity = registry.make_rule("identity"), gradient = registry.make_rule("gradient");
  const RulePtr norm = registry.make_rule("constant-norm");
  const RulePtr lrp_0 = registry.make_rule("epsilon", {{"epsilon", 0}});
  Composite composite;
  composite.name = "paper";
  composite.entries = {{{.op = {"selective_scan"}}, hold},
                       {{.op = {"gate"}}, half},
                       {{.op = {"silu"}}, identity},
                       {{.op = {"rms_norm"}}, norm},
                       {{.op = {"softplus"}}, gradient},  // makes time steps, which are held
                       {{.op = {"linear", "conv1d", "add", "split"}}, lrp_0}};
  return composite;
}
// [/docs:paper]

// [docs:unmatched]
TEST(NewArchitecture, ANodeWithoutARuleIsAnErrorThatNamesIt) {
  const Registry registry = builtin_registry();
  const Model model = load_model(registry, fixture("caduceus/ps-classifier"), {at::kDouble});
  Composite composite = rules_of_the_paper(registry);
  const RulePtr lrp_0 = registry.make_rule("epsilon", {{"epsilon", 0}});
  const auto complaint = [&] { return user_error([&] { make_plan(model.graph, composite); }); };
  EXPECT_EQ(
      complaint(),
      "[composite paper] every node needs a rule; nothing matches node 'rc.caduceus.backbone.flip' (op "
      "'flip'). Add an entry such as {\"match\": {\"op\": \"flip\"}, \"rule\": \"NAME\"} to a rules file "
      "that extends this composite");
  composite.entries.push_back({{.op = {"flip"}}, lrp_0});
  EXPECT_THAT(complaint(), ::testing::HasSubstr("nothing matches node 'score.strands' (op 'concat')"));
  composite.entries.push_back({{.op = {"concat"}}, lrp_0});
  EXPECT_THAT(complaint(), ::testing::HasSubstr("nothing matches node 'score.pool' (op 'mean_tokens')"));
  // All three move, select or add values: one entry for their kind serves them, and whatever is of it
  // tomorrow.
  composite.entries.push_back({{.kind = {OpKind::wiring}}, lrp_0});
  EXPECT_NO_THROW(make_plan(model.graph, composite));
}
// [/docs:unmatched]

// [docs:kinds]
TEST(NewArchitecture, RulesByKindFitItAsTheyAre) {
  const auto tensors = case_tensors("caduceus/ps-classifier");
  const Registry registry = builtin_registry();
  const Model model = load_model(registry, fixture("caduceus/ps-classifier"), {at::kDouble});
  Composite paper = rules_of_the_paper(registry);
  paper.entries.push_back({{.kind = {OpKind::wiring}}, registry.make_rule("epsilon", {{"epsilon", 0}})});
  Composite by_kind = registry.make_composite("mamba-lrp");
  by_kind.fusions.clear();  // which may add in another order
  EXPECT_TRUE(
      explain_case(model, paper, tensors).relevance.equal(explain_case(model, by_kind, tensors).relevance));
}
// [/docs:kinds]

// [docs:gradient]
TEST(NewArchitecture, ItsGradientIsThatOfAutograd) {
  const auto tensors = case_tensors("caduceus/ps-classifier");
  const Model model = load_model(builtin_registry(), fixture("caduceus/ps-classifier"), {at::kDouble});
  const Attribution ours = explain_case(model, "gradient", tensors);
  // autograd_of_graph runs each node's forward pass under torch::autograd: it knows nothing of our `vjp`. The
  // scan, which has a kernel of its own, is replaced by its recurrence in plain LibTorch.
  const Tensor explained = at::one_hot(tensors.at("target"), 2).to(at::kDouble);
  const Tensor autograd =
      autograd_of_graph(model.graph, case_inputs(model, tensors), explained, differentiable_forward);
  EXPECT_LT(relative_difference(ours.relevance, autograd), tolerance);
}
// [/docs:gradient]

// [docs:ledger]
TEST(NewArchitecture, ItsLedgerBalances) {
  const auto tensors = case_tensors("caduceus/ps-classifier");
  const Model model = load_model(builtin_registry(), fixture("caduceus/ps-classifier"), {at::kDouble});
  const Attribution a = explain_case(model, "mamba-lrp", tensors, /*audit=*/true);
  EXPECT_TRUE(a.ledger->unbalanced(1e-10).empty());
  for (const LedgerRow& row : a.ledger->rows) {
    SCOPED_TRACE(row.node + " (" + row.op + ")");
    EXPECT_EQ(row.by_rule.abs().max().item<double>(), 0);
    const bool has_bias = row.op == "conv1d";  // dt_proj has one too, but nothing reaches it
    EXPECT_EQ(row.bias.abs().max().item<double>() > 0, has_bias);
  }
}
// [/docs:ledger]

// [docs:mistake]
/// A mean whose author forgot that the transpose divides as well.
class ForgetfulMean final : public ops::Wiring {
 public:
  std::string_view type() const override { return "mean_tokens"; }
  Tensors forward(const Tensors& inputs) const override { return {inputs.at(0).mean(1)}; }
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override {
    return {grad_outputs.at(0).unsqueeze(1).expand(kept.input_meta(0).sizes)};
  }
};

TEST(NewArchitecture, TheLedgerNamesTheNodeThatIsWrong) {
  const auto tensors = case_tensors("caduceus/ps-classifier");
  Model model = load_model(builtin_registry(), fixture("caduceus/ps-classifier"), {at::kDouble});
  GraphEdit edit(model.graph);
  edit.replace(model.graph.find("score.pool"), std::make_shared<ForgetfulMean>());
  model.graph = edit.apply();
  const Attribution a = explain_case(model, "mamba-lrp", tensors, /*audit=*/true);
  const auto wrong = a.ledger->unbalanced(1e-10);
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_EQ(wrong[0]->node, "score.pool");
}
// [/docs:mistake]

// [docs:symmetry]
TEST(NewArchitecture, AReverseComplementGetsTheSameAnswerForTheSameReasons) {
  const auto tensors = case_tensors("caduceus/ps-classifier");
  const Model model = load_model(builtin_registry(), fixture("caduceus/ps-classifier"), {at::kDouble});
  const Tensor complement =
      at::tensor({0, 1, 2, 3, 4, 5, 6, /*A*/ 10, /*C*/ 9, /*G*/ 8, /*T*/ 7, 11}, at::kLong);
  auto other = tensors;
  other["input_ids"] = complement.index({tensors.at("input_ids").flip({1})});
  const Attribution a = explain_case(model, "mamba-lrp", tensors),
                    b = explain_case(model, "mamba-lrp", other);
  EXPECT_LT(relative_difference(b.logits, a.logits), tolerance);
  EXPECT_LT(relative_difference(b.relevance_token, a.relevance_token.flip({1})), tolerance);
}
// [/docs:symmetry]

}  // namespace
}  // namespace lrpp
