#pragma once

#include <lrpp/framework/evaluation/dataset.h>
#include <lrpp/framework/evaluation/metric.h>
#include <lrpp/framework/evaluation/state_file.h>
#include <lrpp/framework/report/evaluation_report.h>

#include <string>
#include <vector>

namespace lrpp::evaluation {

/// What is measured, and how.
struct EvaluationOptions {
  std::vector<MethodPtr> methods;
  std::vector<MetricPtr> metrics;
  std::string target = "argmax";  ///< as ExplainOptions::targets; "label": the class that the data say
  int64_t patch = 0;              ///< side of a picture's patches; 0: default_patch
  int64_t batch = 0;  ///< inputs that run together, at most; 0: as many as hold 16,384 tokens, or 64
  uint64_t seed = 0;  ///< of samples, noise and intervals
  LabelLookup lookup;
  Json computation = Json::object();  ///< what numbers depend on beside the model's dtype and device
};

/// Throws UserError, before anything runs, for methods and metrics that do not fit the model, the data or
/// each other, for one that is there twice, and for "label" where the data have none.
void check(const Model& model, const Dataset& dataset, const EvaluationOptions& options);

/// What numbers belong to: the model's files, the data, the metrics and the settings. Not the methods: their
/// records stand side by side, and another method may be added later.
Json fingerprint(const Model& model, const Dataset& dataset, const EvaluationOptions& options);

/// Measures what `state` does not have yet, and appends it. Examples of one shape run together, without
/// padding. `progress` is called with the examples done, of those of all methods.
///
/// A record is {"method", "example", "seconds" (of the explanation, its share of a batch), "target", "logit"
/// (of the target), "correct" (where there are labels), "scores": [[...], ...] by metric, "curves" likewise}.
void evaluate(const Registry& registry, const Model& model, const Dataset& dataset,
              const EvaluationOptions& options, StateFile& state, const Progress& progress);

/// Means with their intervals, rates, curves and paired comparisons with the first method, of a whole state.
EvaluationReport summarize(const Model& model, const Dataset& dataset, const EvaluationOptions& options,
                           const StateFile& state);

/// The results as JSON: the report, and every example's numbers.
Json results(const EvaluationReport& report, const Dataset& dataset, const EvaluationOptions& options,
             const StateFile& state);

}  // namespace lrpp::evaluation
