#pragma once

#include <lrpp/tests/support/models.h>

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

}  // namespace lrpp::testing
