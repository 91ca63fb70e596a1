#pragma once

#include <lrpp/tests/support/models.h>

#include <string>
#include <vector>

namespace lrpp::testing {

/// What transformers computes of hybrids: every family as it is, and options of each.
inline std::vector<std::string> hybrid_cases() {
  return {"hf-forward/jamba",
          "hf-forward/bamba",
          "hf-forward/zamba2",
          "hf-forward/nemotron-h",
          "hf-options/jamba-one-expert",
          "hf-options/jamba-plain-classifier",
          "hf-options/bamba-options",
          "hf-options/zamba2-attention-adapter",
          "hf-options/zamba2-classifier",
          "hf-options/nemotron-h-moe",
          "hf-options/nemotron-h-moe-plain"};
}

}  // namespace lrpp::testing
