#pragma once

#include <lrpp/tests/plugins/mamba/family_cases.h>

#include <string>
#include <vector>

namespace lrpp::testing {

/// The fixtures of `family_cases` that are no plain stacks.
inline std::vector<std::string> hybrid_cases() {
  std::vector<std::string> cases;
  for (const FamilyCase& each : family_cases()) {
    const bool stack = each.fixture.find("/mamba2") != std::string::npos ||
                       each.fixture.find("/falcon-mamba") != std::string::npos;
    if (!stack) cases.push_back(each.fixture);
  }
  return cases;
}

}  // namespace lrpp::testing
