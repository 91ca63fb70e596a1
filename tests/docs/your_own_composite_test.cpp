// The code of docs/tutorials/your-own-composite.md: its rules file and the same composite in C++.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>
#include <lrpp/tests/support/testing.h>

namespace {

using namespace lrpp;

// [docs:composite]
struct HeldArguments {
  std::string held = "*";  ///< a name pattern: the layers whose attention weights are held constant
};

/// AttnLRP, but in some layers the attention weights are constants, as CP-LRP has them in all.
Composite attn_lrp_held(const Registry& registry, const HeldArguments& arguments) {
  // Input 0 of the second product of attention are the weights.
  const RulePtr hold = registry.make_rule("hold", {{"factor", 0}});
  Composite composite = registry.make_composite("attn-lrp");
  const Match context{.op = {"matmul"}, .name = arguments.held + ".context"};
  composite.entries.insert(composite.entries.begin(), {context, hold, /*from_user=*/true});
  return composite;
}

void register_held(Registry& registry) {
  registry.add_composite<HeldArguments>(
      "attn-lrp-held", "attn-lrp with the attention weights of some layers held", attn_lrp_held);
}
// [/docs:composite]

using lrpp::testing::expect_user_error;
using lrpp::testing::relative_difference;

const std::filesystem::path source = LRPP_SOURCE_DIR;
const std::filesystem::path gpt2 = source / "zoo/sst2-gpt2";

Attribution explain_sentence(const Registry& registry, const Composite& composite) {
  const Model model = load_model(registry, gpt2, {at::kDouble, at::kCPU, false});
  const auto tokenizer = Tokenizer::from_file(gpt2 / "tokenizer.json");
  TextInputs text;
  text.input_ids = at::tensor(tokenizer.encode("The camera work is superb.").ids, at::kLong).unsqueeze(0);
  const Plan plan = make_plan(model.graph, composite, /*audit=*/true);
  return explain(plan, prepare_text(model, text, "last"), model.labels);
}

/// What attention's softmaxes absorb, over all layers.
double absorbed_by_softmax(const Attribution& result) {
  double sum = 0;
  for (const LedgerRow& row : result.ledger->rows) {
    if (row.op == "softmax") sum += row.absorbed().abs().item<double>();
  }
  return sum;
}

// [docs:same]
TEST(YourOwnComposite, InCppIsWhatTheRulesFileSays) {
  Registry registry = builtin_registry();
  register_held(registry);
  const Composite file =
      composite_from_argument(registry, (source / "docs/tutorials/examples/held-attention.json").string());
  const Composite code = registry.make_composite("attn-lrp-held", {{"held", "h.1.attn"}});
  const Attribution a = explain_sentence(registry, file), b = explain_sentence(registry, code);
  EXPECT_TRUE(a.relevance.equal(b.relevance));
  EXPECT_TRUE(a.ledger->unbalanced(1e-10).empty());
}
// [/docs:same]

// [docs:ends]
TEST(YourOwnComposite, LiesBetweenAttnLrpAndCpLrp) {
  Registry registry = builtin_registry();
  register_held(registry);
  const auto explain_by = [&](const char* name, const Json& arguments = Json::object()) {
    return explain_sentence(registry, registry.make_composite(name, arguments));
  };
  // Held in every layer it is CP-LRP: GPT-2 has no gates, which is where the two would differ.
  EXPECT_TRUE(explain_by("attn-lrp-held").relevance.equal(explain_by("cp-lrp").relevance));
  // Held in one layer, the softmax of that layer absorbs nothing, the other's still does.
  const double all = absorbed_by_softmax(explain_by("attn-lrp"));
  const double some = absorbed_by_softmax(explain_by("attn-lrp-held", {{"held", "h.1.attn"}}));
  EXPECT_EQ(absorbed_by_softmax(explain_by("cp-lrp")), 0);
  EXPECT_GT(some, 0);
  EXPECT_LT(some, all);
}
// [/docs:ends]

// [docs:mistake]
TEST(YourOwnComposite, SaysWhenALayerDoesNotExist) {
  Registry registry = builtin_registry();
  register_held(registry);
  const Composite composite = registry.make_composite("attn-lrp-held", {{"held", "h.7.attn"}});
  expect_user_error([&] { explain_sentence(registry, composite); }, {"h.7.attn.context"});
}
// [/docs:mistake]

}  // namespace
