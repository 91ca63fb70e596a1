// Whole Transformers under AttnLRP and CP-LRP against what LXT 2.1 computes. See the `case.json` beside each
// case.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/explain.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>

namespace lrpp {
namespace {

using testing::fixture;
using testing::relative_difference;

/// LXT's identity rule divides by x + 1e-10, ours takes the limit: a difference of 1e-10 / |x|, and inputs of
/// activations lie above 1e-4 here.
constexpr double tolerance = 1e-6;

struct Case {
  Json json;
  Model model;
  std::map<std::string, Tensor> tensors;

  Tensor get(const char* name) const { return tensors.contains(name) ? tensors.at(name) : Tensor(); }
  std::map<std::string, Tensor> inputs() const {
    if (model.image) return prepare_image(model, {get("pixel_values"), {}});
    return prepare_text(model, {get("input_ids"), get("attention_mask"), {}, get("token_type_ids")}, "last");
  }
};

Case load_case(const std::string& name) {
  Case c;
  c.json = read_json(fixture("lxt") / name / "case.json");
  c.model = load_model(builtin_registry(), fixture("lxt") / name, {at::kDouble, at::kCPU, false});
  const SafetensorsFile file(fixture("lxt") / name / "case.safetensors");
  for (const auto& [key, info] : file.tensors()) c.tensors[key] = file.get(key).clone();
  return c;
}

/// Our rules for the case's. Where it has a gamma, LXT gives it to the modules that Zennit's hooks see: the
/// convolution, the MLPs and the head, but not to the projections of the attention.
Composite make_composite(const Case& c) {
  const std::string base = c.json["method"] == "AttnLRP" ? "attn-lrp" : "cp-lrp";
  if (c.json["gamma"].is_null()) return builtin_registry().make_composite(base);
  const auto gamma = [&](const char* key) { return Json{{"gamma", {{"gamma", c.json["gamma"][key]}}}}; };
  const Json rules = {
      {"extends", base},
      {"rules", Json::array({{{"match", {{"op", "conv2d"}}}, {"rule", gamma("conv")}},
                             {{"match", {{"name", "mlp.*"}, {"op", "linear"}}}, {"rule", gamma("linear")}},
                             {{"match", {{"name", "heads.head"}}}, {"rule", gamma("linear")}}})}};
  return composite_from_json(builtin_registry(), rules, "case");
}

Attribution explain_case(const Case& c, bool audit) {
  ExplainOptions options;
  options.targets = {"input"};
  options.given_target = c.tensors.at("target");
  return explain(make_plan(c.model.graph, make_composite(c), audit), c.inputs(), c.model.labels, options);
}

class Lxt : public ::testing::TestWithParam<std::string> {};

TEST_P(Lxt, RelevanceIsTheSame) {
  const Case c = load_case(GetParam());
  const Attribution found = explain_case(c, /*audit=*/false);
  EXPECT_LT(relative_difference(found.relevance, c.tensors.at("relevance")), tolerance);
  if (c.tensors.contains("relevance_token")) {
    EXPECT_LT(relative_difference(found.relevance_token, c.tensors.at("relevance_token")), tolerance);
  }
}

TEST_P(Lxt, TheLedgerBalances) {
  const Case c = load_case(GetParam());
  const Attribution a = explain_case(c, /*audit=*/true);
  EXPECT_LT(a.ledger->relative_total_imbalance(), ledger_tolerance(at::kDouble));
  for (const LedgerRow* row : a.ledger->unbalanced(ledger_tolerance(at::kDouble))) {
    ADD_FAILURE() << row->node << " (" << row->op << ", " << row->rule
                  << "): " << a.ledger->relative_imbalance(*row);
  }
}

std::vector<std::string> lxt_cases() {
  std::vector<std::string> cases;
  for (const auto& entry : std::filesystem::directory_iterator(fixture("lxt")))
    cases.push_back(entry.path().filename().string());
  std::sort(cases.begin(), cases.end());
  return cases;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, Lxt, ::testing::ValuesIn(lxt_cases()), test_name);

}  // namespace
}  // namespace lrpp
