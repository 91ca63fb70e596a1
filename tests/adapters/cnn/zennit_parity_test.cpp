// Whole CNNs under Zennit's composites against what Zennit 0.5.1 computes. See the `case.json` beside each
// case.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>

namespace lrpp {
namespace {

using testing::fixture;
using testing::relative_difference;

/// Float64 on both sides, a dozen layers with a division each; denominators may be small.
constexpr double tolerance = 1e-9;

std::vector<std::string> model_cases() {
  std::vector<std::string> cases;
  for (const auto& entry : std::filesystem::directory_iterator(fixture("zennit"))) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("single-")) cases.push_back(name);
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

struct Case {
  Json json;
  Model model;
  std::map<std::string, Tensor> tensors;
};

Case load_case(const std::string& name) {
  Case c;
  c.json = read_json(fixture("zennit") / name / "case.json");
  c.model = load_model(builtin_registry(), fixture("zennit") / name, {at::kDouble, at::kCPU, false});
  const SafetensorsFile file(fixture("zennit") / name / "case.safetensors");
  for (const auto& [key, info] : file.tensors()) c.tensors[key] = file.get(key).clone();
  return c;
}

/// Our composite for the case's, with its arguments.
Composite make_composite(const Case& c) {
  std::string name = c.json.value("composite_name", std::string("gradient"));
  if (c.json["method"] == "gradient") name = "gradient";
  std::replace(name.begin(), name.end(), '_', '-');
  Json arguments = c.json.value("composite_arguments", Json::object());
  for (const char* bound : {"low", "high"}) {
    if (!c.tensors.contains(bound)) continue;
    const Tensor values = c.tensors.at(bound).flatten();
    arguments[bound] = std::vector<double>(values.const_data_ptr<double>(),
                                           values.const_data_ptr<double>() + values.numel());
  }
  if (name != "gradient" && c.json["canonizer"].is_null()) arguments["canonize"] = false;
  return builtin_registry().make_composite(name, arguments);
}

class ZennitModel : public ::testing::TestWithParam<std::string> {};

TEST_P(ZennitModel, RelevanceIsTheSame) {
  const Case c = load_case(GetParam());
  const Plan plan = make_plan(c.model.graph, make_composite(c));
  Trace trace = forward(plan, prepare_image(c.model, {c.tensors.at("pixel_values"), {}}));
  EXPECT_LT(relative_difference(trace.output, c.tensors.at("logits")), tolerance);
  const TargetIndex target{c.tensors.at("target"), {}};
  Tensor seed =
      make_seed(trace.output, target, start_from_name(c.json["seed_of_relevance"].get<std::string>()));
  if (plan.readout == Readout::multiplier) {
    // Zennit starts the modified gradient at the logit; ours starts at 1. A negative logit tells the two
    // apart.
    seed = seed * trace.output;
  }
  const WalkResult result = walk(plan, std::move(trace), seed);
  const Tensor& found =
      plan.readout == Readout::multiplier ? result.input.multiplier : result.input.relevance;
  EXPECT_LT(relative_difference(found, c.tensors.at("relevance")), tolerance);
}

TEST_P(ZennitModel, TheLedgerBalances) {
  const Case c = load_case(GetParam());
  const Plan plan = make_plan(c.model.graph, make_composite(c), /*audit=*/true);
  ExplainOptions options;
  options.targets = {"input"};
  options.given_target = c.tensors.at("target");
  const Attribution a =
      explain(plan, prepare_image(c.model, {c.tensors.at("pixel_values"), {}}), c.model.labels, options);
  EXPECT_LT(a.ledger->relative_total_imbalance(), ledger_tolerance(at::kDouble));
  for (const LedgerRow* row : a.ledger->unbalanced(ledger_tolerance(at::kDouble))) {
    ADD_FAILURE() << row->node << " (" << row->op << ", " << row->rule
                  << "): " << a.ledger->relative_imbalance(*row);
  }
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ZennitModel, ::testing::ValuesIn(model_cases()), test_name);

}  // namespace
}  // namespace lrpp
