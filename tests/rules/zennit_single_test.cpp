// Each rule on one layer against what Zennit 0.5.1 computes. See the `case.json` beside each case.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/framework/ops/conv2d.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/pooling.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>

namespace lrpp {
namespace {

using testing::fixture;
using testing::relative_difference;

/// Float64 on both sides. The sums are some dozens of terms long; what is left is their order.
constexpr double tolerance = 1e-12;

struct Single {
  Json json;
  std::map<std::string, Tensor> tensors;

  Tensor get(const std::string& name) const {
    const auto found = tensors.find(name);
    return found == tensors.end() ? Tensor() : found->second.to(at::kDouble);
  }
};

Single load_single(const std::filesystem::path& folder) {
  Single single;
  single.json = read_json(folder / "case.json");
  const SafetensorsFile file(folder / "case.safetensors");
  for (const auto& [name, info] : file.tensors()) single.tensors[name] = file.get(name).clone();
  return single;
}

OpPtr make_layer(const Single& single) {
  const std::string layer = single.json["layer"];
  const Json& arguments = single.json["layer_arguments"];
  if (layer == "Linear") return std::make_shared<ops::Linear>(single.get("weight"), single.get("bias"));
  if (layer == "Sum") return std::make_shared<ops::Add>();
  if (layer == "Conv2d") {
    ops::Conv2dAttributes attributes;
    attributes.padding = {arguments.value("padding", 0), arguments.value("padding", 0)};
    return std::make_shared<ops::Conv2d>(single.get("weight"), single.get("bias"), attributes);
  }
  if (layer == "AvgPool2d") {
    ops::AvgPool2dAttributes attributes;
    attributes.kernel_size = {arguments["kernel_size"], arguments["kernel_size"]};
    attributes.stride = attributes.kernel_size;
    return std::make_shared<ops::AvgPool2d>(attributes);
  }
  if (layer == "AdaptiveAvgPool2d") {
    const std::vector<int64_t> size = arguments["output_size"];
    return std::make_shared<ops::AdaptiveAvgPool2d>(ops::AdaptiveAvgPool2dAttributes{size});
  }
  ADD_FAILURE() << "no such layer: " << layer;
  return nullptr;
}

/// Our name and arguments for Zennit's rule.
RulePtr make_rule(const Single& single) {
  static const std::map<std::string, std::string> names{
      {"Epsilon", "epsilon"}, {"Gamma", "gamma"}, {"AlphaBeta", "alpha-beta"},
      {"ZPlus", "z-plus"},    {"ZBox", "z-box"},  {"WSquare", "w-square"},
      {"Flat", "flat"},       {"Pass", "pass"},   {"Norm", "norm"}};
  Json arguments = single.json["rule_arguments"];
  if (arguments.contains("zero_params")) {
    EXPECT_EQ(arguments["zero_params"], Json::array({"bias"}));
    arguments.erase("zero_params");
    arguments["zero_bias"] = true;
  }
  for (const char* bound : {"low", "high"}) {
    if (!single.tensors.contains(bound)) continue;
    const Tensor values = single.get(bound).flatten();
    arguments[bound] = std::vector<double>(values.const_data_ptr<double>(),
                                           values.const_data_ptr<double>() + values.numel());
  }
  return builtin_registry().make_rule(names.at(single.json["rule"]), arguments);
}

class ZennitSingle : public ::testing::TestWithParam<std::string> {};

TEST_P(ZennitSingle, RelevanceIsTheSame) {
  const Single single = load_single(fixture("zennit") / GetParam());
  const OpPtr op = make_layer(single);
  const RulePtr rule = make_rule(single);
  ASSERT_EQ(rule->rejects(*op), "");
  Tensors inputs{single.get("input")};
  if (op->num_inputs() == 2) inputs = single.get("input").unbind(-1);
  const Tensors outputs = op->forward(inputs);
  EXPECT_LT(relative_difference(outputs[0], single.get("output")), tolerance);
  ASSERT_EQ(rule->takes(*op), SignalKind::relevance);
  const Kept kept = Kept::all(inputs, outputs);
  const Tensors signals_out{single.get("relevance_output")};
  const Tensors signals = rule->propagate(*op, kept, signals_out);
  Tensors relevance;
  for (size_t i = 0; i < inputs.size(); ++i) {
    relevance.push_back(rule->gives(*op) == SignalKind::multiplier ? inputs[i] * signals[i] : signals[i]);
  }
  const Tensor found = relevance.size() == 1 ? relevance[0] : at::stack(relevance, -1);
  EXPECT_LT(relative_difference(found, single.get("relevance")), tolerance);

  // What it claims to have absorbed is what is missing.
  const Absorbed a =
      rule->absorbed(*op, kept, {SignalKind::relevance, rule->gives(*op), signals_out, signals});
  Tensor rest = sum_per_example(signals_out[0]) - sum_per_example(found);
  for (const Tensor& t : {a.bias, a.stabilizer, a.held, a.by_rule}) {
    if (t.defined()) rest = rest - t;
  }
  EXPECT_LT(rest.abs().max().item<double>(), 1e-9 * signals_out[0].abs().sum().item<double>())
      << "single layers amplify where a denominator is small";

  // A rule that may skip the negative half gives the same where it is told that there is none.
  const Tensor positive = inputs[0].clamp_min(0);
  if (op->kind() == OpKind::linear) {
    const Tensors out = op->forward({positive});
    const Kept unknown = Kept::all({positive}, out);
    Meta known = Meta::of(positive);
    known.nonnegative = true;
    const Kept told({positive}, out, {known}, {Meta::of(out[0])});
    EXPECT_LT(relative_difference(positive * rule->propagate(*op, told, signals_out)[0],
                                  positive * rule->propagate(*op, unknown, signals_out)[0]),
              tolerance);
  }
}

std::vector<std::string> single_cases() {
  std::vector<std::string> cases;
  for (const auto& entry : std::filesystem::directory_iterator(fixture("zennit"))) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("single-")) cases.push_back(name);
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ZennitSingle, ::testing::ValuesIn(single_cases()), test_name);

}  // namespace
}  // namespace lrpp
