#pragma once

#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/tests/support/testing.h>

#include <map>
#include <string>
#include <vector>

namespace lrpp::testing {

/// The twelve cases of the official MambaLRP code: three models, each with all rules and with one left out.
inline std::vector<std::string> official_cases() {
  std::vector<std::string> cases;
  for (const char* model : {"classifier", "lm-tied", "no-conv-bias"}) {
    for (const char* suffix : {"", "-without-gate-rule", "-without-silu-rule", "-without-ssm-rule"}) {
      cases.push_back(std::string("mamba-official/") + model + suffix);
    }
  }
  return cases;
}

/// The tensors of a fixture's case.safetensors.
inline std::map<std::string, Tensor> case_tensors(const std::string& name) {
  const SafetensorsFile file(fixture(name) / "case.safetensors");
  std::map<std::string, Tensor> tensors;
  for (const auto& [key, info] : file.tensors()) tensors[key] = file.get(key).clone();
  return tensors;
}

/// mamba-lrp with the case's left-out rule replaced by the plain gradient.
inline Composite case_composite(const std::string& name, double stabilizer) {
  const Registry registry = builtin_registry();
  Composite composite = registry.make_composite("mamba-lrp", {{"stabilizer", stabilizer}});
  const auto leave_out = [&](const std::string& op) {
    composite.entries.insert(composite.entries.begin(),
                             {Match{{op}, std::nullopt, {}}, registry.make_rule("gradient")});
  };
  if (name.ends_with("-without-gate-rule")) leave_out("gate");
  if (name.ends_with("-without-silu-rule")) leave_out("silu");
  if (name.ends_with("-without-ssm-rule")) leave_out("selective_scan");
  return composite;
}

inline Model load_case(const std::string& name, at::ScalarType dtype = at::kDouble,
                       bool every_position = false) {
  return load_model(builtin_registry(), fixture(name), {dtype, at::kCPU, every_position});
}

/// Explains a case's inputs at their targets.
inline Attribution explain_case(const Model& model, const Composite& composite,
                                const std::map<std::string, Tensor>& tensors, bool audit = false,
                                const std::string& target = "input") {
  const TextInputs inputs{tensors.at("input_ids"), {}, tensors.at("target")};
  ExplainOptions options;
  options.target = target;
  options.given_target = inputs.target;
  return explain(make_plan(model.graph, composite, audit), prepare_text(model, inputs, "last"), model.labels,
                 options);
}

}  // namespace lrpp::testing
