#pragma once

#include <lrpp/framework/io/json.h>

#include <string>
#include <vector>

namespace lrpp {

/// What every explanation tells, whatever was explained. No tensors: reports are made after the mathematics
/// is done.
struct Report {
  struct Output {
    std::string label;  ///< a class's name, or a token of a language model
    double logit = 0;
    double probability = 0;
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
  Json provenance;  ///< see lrpp::provenance
};

}  // namespace lrpp
