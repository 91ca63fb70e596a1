#pragma once

#include <lrpp/framework/model.h>
#include <lrpp/framework/seed.h>
#include <lrpp/framework/walk.h>

#include <map>
#include <optional>
#include <string>

namespace lrpp {

struct ExplainOptions {
  std::vector<std::string> targets = {"argmax"};  ///< of each example and position; see resolve_targets
  Start start = Start::logit;
  Tensor given_target;  ///< what target "input" explains: [B] int64, or [B P], one for each position
  /// How many explanations walk back together, at least one of each example. Signals take memory for each of
  /// them, the forward pass once. 0: as many as keep the largest tensor of a walk within 2^25 elements (128
  /// MiB of float32). Relevance is the same to rounding.
  int64_t rows_at_once = 0;
  MemoryOptions memory;  ///< what is kept for the walk and what is computed again
  LabelLookup lookup;    ///< from a word to a class
  Progress progress;
};

/// Relevance as it enters one layer, summed over channels: of every token [R, T], or of every place of a map
/// of features [R, H, W].
struct LayerRelevance {
  std::string name;  ///< the layer's: "backbone.layers.0"
  Tensor relevance;
};

/// The explanations of a batch, R = B P K of them: of B examples, at P positions each, for K targets each.
/// Row r belongs to example r / (P K), to its position r / K mod P and to the target r mod K.
struct Attribution {
  Tensor logits;       ///< [R, C]; may be a view in which the rows of a position share their memory
  TargetIndex target;  ///< what was explained
  Tensor example;      ///< [R] int64
  Tensor position;     ///< [R] int64; undefined where the model has no input `position`
  Tensor score;        ///< the explained logit, or difference of logits: [R]
  Tensor relevance;  ///< at the model's inputs, shaped like them; the multiplier where the composite says so
  Tensor relevance_token;  ///< [R, T]: summed over channels, at the embeddings of a text model or the tokens
                           ///< that enter the first layer of a vision model; undefined without tokens
  std::vector<LayerRelevance> layers;  ///< from the input on, where the plan reads them (make_plan)
  std::optional<Ledger> ledger;        ///< where the plan is an audit
  Json facts = Json::object();  ///< what a method has to say about how it came out; goes into the record
};

/// One forward pass, then seed and walk for every target. The inputs' `position` [B P] may hold several
/// tokens of each example. Throws UserError for inputs, targets and weights that cannot be explained.
Attribution explain(const Plan& plan, const std::map<std::string, Tensor>& inputs,
                    const std::vector<std::string>& labels, const ExplainOptions& options = {});
/// The same; what has to be known of values that are being computed is left to `checks`, which must be
/// settled while plan and inputs live, before anyone reads the result.
Attribution explain(const Plan& plan, const std::map<std::string, Tensor>& inputs,
                    const std::vector<std::string>& labels, const ExplainOptions& options,
                    LateChecks& checks);

/// As above, of targets that are resolved: [R], as many for each of the model's outputs. `options` say how.
Attribution explain_targets(const Plan& plan, const std::map<std::string, Tensor>& inputs,
                            const TargetIndex& target, const ExplainOptions& options = {});

/// The rule of each node, in the order of the graph: node, op, rule (null for sources) and its parameters.
Json rules_record(const Plan& plan);
/// What the plan's canonizers changed.
Json rewrites_record(const Plan& plan);

/// Versions, model, rules and settings: what someone needs to make the same explanation again.
Json provenance(const Model& model, const Plan& plan, const ExplainOptions& options);
/// What of it does not depend on rules; `how` says what explains, under the key `kind`.
Json provenance(const Model& model, const std::string& kind, Json how, const ExplainOptions& options);

}  // namespace lrpp
