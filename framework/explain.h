#pragma once

#include <lrpp/framework/model.h>
#include <lrpp/framework/seed.h>
#include <lrpp/framework/walk.h>

#include <map>
#include <optional>
#include <string>

namespace lrpp {

struct ExplainOptions {
  std::string target = "argmax";  ///< see resolve_target
  Start start = Start::logit;
  Tensor given_target;  ///< what target "input" explains: [B] int64
  LabelLookup lookup;   ///< from a word to a class
  Progress progress;
};

/// One explanation of a batch.
struct Attribution {
  Tensor logits;       ///< [B, C]
  TargetIndex target;  ///< what was explained
  Tensor score;        ///< the explained logit, or difference of logits: [B]
  Tensor relevance;  ///< at the model's inputs, shaped like them; the multiplier where the composite says so
  Tensor relevance_token;  ///< [B, T]: summed over channels, at the embeddings of a text model or the tokens
                           ///< that enter the first layer of a vision model; undefined without tokens
  std::optional<Ledger> ledger;  ///< where the plan is an audit
};

/// Forward pass, seed, walk. Throws UserError for inputs, targets and weights that cannot be explained.
Attribution explain(const Plan& plan, const std::map<std::string, Tensor>& inputs,
                    const std::vector<std::string>& labels, const ExplainOptions& options = {});

/// The rule of each node, in the order of the graph: node, op, rule (null for sources) and its parameters.
Json rules_record(const Plan& plan);
/// What the plan's canonizers changed.
Json rewrites_record(const Plan& plan);

/// Versions, model, rules and settings: what someone needs to make the same explanation again.
Json provenance(const Model& model, const Plan& plan, const ExplainOptions& options);

}  // namespace lrpp
