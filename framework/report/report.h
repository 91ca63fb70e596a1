#pragma once

#include <lrpp/framework/io/json.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lrpp {

/// Where a score went: seed = attributed + all that was absorbed.
struct Flow {
  /// Where relevance went, other than on to the inputs.
  struct Absorbed {
    double bias = 0, stabilizer = 0, held = 0, by_rule = 0;
    double magnitude() const;  ///< the sum of what they are without their signs
  };
  double seed = 0, attributed = 0;  ///< what was put on the output, and what arrived at the inputs
  Absorbed absorbed;
};

/// What every explanation tells, whatever was explained. No tensors: reports are made after the mathematics
/// is done.
struct Report {
  struct Output {
    std::string label;  ///< a class's name, or a token of a language model
    double logit = 0;
    double probability = 0;
  };

  /// Relevance as it enters one layer, summed over channels: of the tokens, or of a map of features.
  struct Layer {
    std::string name;               ///< "backbone.layers.0"
    int64_t height = 0, width = 0;  ///< of a map; 0 of tokens
    std::vector<double> relevance;  ///< [T], or [height, width]
  };

  std::string model;               ///< the checkpoint directory's name
  std::vector<Output> outputs;     ///< the largest logits, largest first; the target among them
  std::string target;              ///< "positive", or "positive - negative" for a contrast
  double score = 0;                ///< the target's logit, or the difference
  double relevance_sum = 0;        ///< over all that was explained
  bool multiplier = false;         ///< values are gradients, which need not add up to anything
  std::string method;              ///< what explained it
  std::string kind = "composite";  ///< or "method", where that is no composite of rules
  std::string
      which;  ///< of several explanations of one input, "example 1, at token 5"; empty where there is one
  std::vector<Layer> layers;  ///< from the input on; empty where they were not read
  std::optional<Flow> flow;   ///< where a ledger was kept
  std::string left_out;       ///< why layers or flow are not there, in a sentence; empty where nobody asks
  Json provenance;            ///< see lrpp::provenance
};

}  // namespace lrpp
