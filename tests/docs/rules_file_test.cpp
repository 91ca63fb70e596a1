// The rules files that docs/how-to/write-a-rules-file.md shows: each must explain the model that ships.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>

namespace lrpp {
namespace {

const std::filesystem::path examples = std::filesystem::path(LRPP_SOURCE_DIR) / "docs/how-to/examples";
const std::filesystem::path zoo_model = std::filesystem::path(LRPP_SOURCE_DIR) / "zoo/sst2-mamba";

Composite example(const char* file) {
  return composite_from_argument(builtin_registry(), (examples / file).string());
}

/// The rule that the plan gives to the node, with its parameters.
std::string rule_at(const Plan& plan, const char* node) {
  return describe(*plan.steps[static_cast<size_t>(plan.graph.find(node))].rule);
}

TEST(RulesFiles, EveryExampleExplainsAndBalances) {
  const Model model = load_model(builtin_registry(), zoo_model, {at::kDouble, at::kCPU, false});
  TextInputs text;
  text.input_ids =
      at::tensor(Tokenizer::from_file(zoo_model / "tokenizer.json").encode("The camera work is superb.").ids,
                 at::kLong)
          .unsqueeze(0);
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(examples)) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const Composite composite = example(entry.path().filename().c_str());
    const Plan plan = make_plan(model.graph, composite, /*audit=*/true);
    const Attribution result = explain(plan, prepare_text(model, text, "last"), model.labels);
    EXPECT_TRUE(result.ledger->unbalanced(ledger_tolerance(model.dtype)).empty());
    ++seen;
  }
  EXPECT_GE(seen, 4);
}

TEST(RulesFiles, DoWhatThePageSays) {
  const Model model = load_model(builtin_registry(), zoo_model);
  const Plan first = make_plan(model.graph, example("first-block-gradient.json"), /*audit=*/true);
  EXPECT_EQ(rule_at(first, "backbone.layers.0.mixer.act"), "gradient");
  EXPECT_EQ(rule_at(first, "backbone.layers.1.mixer.act"), "identity(stabilizer=0.0)");
  const Plan epsilon = make_plan(model.graph, example("epsilon-everywhere.json"), /*audit=*/true);
  EXPECT_EQ(rule_at(epsilon, "backbone.layers.1.mixer.in_proj"), "epsilon(epsilon=0.01)");
  EXPECT_EQ(rule_at(epsilon, "lm_head"), "epsilon(epsilon=0.0)");
  const Plan official = make_plan(model.graph, example("official-stabilizer.json"), /*audit=*/true);
  EXPECT_EQ(rule_at(official, "backbone.layers.0.mixer.gate_act"), "identity(stabilizer=1e-06)");
  const Plan own = make_plan(model.graph, example("from-scratch.json"), /*audit=*/true);
  EXPECT_EQ(own.composite, "held-norms");
  EXPECT_EQ(rule_at(own, "backbone.norm_f"), "constant-norm");
  EXPECT_EQ(rule_at(own, "backbone.layers.0.mixer.gate"), "gradient");
}

}  // namespace
}  // namespace lrpp
