// The code of docs/how-to/choose-a-method.md.
#include <lrpp/framework/methods/method.h>
#include <lrpp/framework/methods/probe.h>
#include <lrpp/framework/methods/spread.h>
#include <lrpp/tests/support/models.h>

namespace {

using namespace lrpp::testing;

TEST(ChooseAMethod, Explains) {
  const lrpp::Registry registry = lrpp::builtin_registry();
  const lrpp::Model model = load_case("hf-forward/mamba-tied");
  const std::map<std::string, at::Tensor> inputs = case_inputs(model, case_tensors("hf-forward/mamba-tied"));
  // [docs:explain]
  const lrpp::MethodPtr method = registry.make_method("integrated-gradients", {{"steps", 200}});
  lrpp::require_serves(*method, model);  // an error says why, where it does not
  const lrpp::Attribution result = method->explain(model, inputs, {});
  const at::Tensor tokens = result.relevance_token;              // [B, T]
  const lrpp::Json completeness = result.facts["completeness"];  // F(x) - F(baseline), and the sum
  // [/docs:explain]
  EXPECT_EQ(tokens.sizes(), inputs.at("input_ids").sizes());
  EXPECT_EQ(completeness["sum"].size(), static_cast<size_t>(tokens.size(0)));
}

// [docs:own]
/// The last token before the explained one is what matters, says this method.
class Recency final : public lrpp::Method {
 public:
  std::string name() const override { return "recency"; }
  std::string rejects(const lrpp::Model& model) const override {
    return model.graph.inputs().contains("position") ? "" : "it needs a model that answers at a token";
  }
  lrpp::Attribution explain(const lrpp::Model& model, const std::map<std::string, at::Tensor>& inputs,
                            const lrpp::ExplainOptions& options) const override {
    const lrpp::Plan plan = lrpp::make_forward_plan(lrpp::fed_with_values(model.graph), model.composite);
    lrpp::Probe probe(model, plan, inputs, options);  // one forward pass: what is explained
    const at::Tensor token = at::arange(probe.values.size(1));
    const at::Tensor age = (probe.attribution.position.unsqueeze(1) - token).to(at::kDouble);  // [R, T]
    const at::Tensor worth = at::where(age >= 0, 1.0 / (age + 1), 0.0).to(probe.values.options());
    return std::move(probe).finish(spread_over_values(model.graph, probe.values, worth), options.start);
  }
};

void register_recency(lrpp::Registry& registry) {
  registry.add_method<lrpp::NoParameters>(
      "recency", "the later the more", "by definition",
      [](const auto&, const auto&) { return std::make_shared<Recency>(); });
}
// [/docs:own]

TEST(ChooseAMethod, OfYourOwn) {
  lrpp::Registry registry = lrpp::builtin_registry();
  register_recency(registry);
  const lrpp::Model model = load_case("hf-forward/mamba-tied");
  const auto inputs = case_inputs(model, case_tensors("hf-forward/mamba-tied"));
  const lrpp::Attribution result = registry.make_method("recency")->explain(model, inputs, {});
  const at::Tensor last = result.relevance_token.gather(1, inputs.at("position").unsqueeze(1));
  EXPECT_LT((last - 1).abs().max().item<double>(), 1e-12);
  EXPECT_EQ(registry.make_method("recency")->rejects(load_case("hf-forward/bert")),
            "it needs a model that answers at a token");
}

}  // namespace
