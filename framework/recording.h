#pragma once

#include <lrpp/framework/cuda/device_graph.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/host_copies.h>
#include <lrpp/framework/late_checks.h>

#include <map>
#include <optional>
#include <string>

namespace lrpp {

/// Explanations of many inputs of the same shapes on a CUDA device, recorded once as a CUDA graph and
/// replayed for each: short inputs are bound by the hundreds of launches that an explanation takes. What is
/// computed is what `explain` computes. The plan must outlive the recording.
class Recording {
 public:
  /// Explains `inputs` once and records that. Takes the memory of an explanation as long as it lives. Throws
  /// UserError as `explain` does, and where an explanation cannot be recorded: not on a CUDA device, of an
  /// audit, of several targets, or of a model that has to know values to go on (experts choose tokens).
  Recording(const Plan& plan, const std::map<std::string, Tensor>& inputs, std::vector<std::string> labels,
            ExplainOptions options);

  /// As `explain`. Inputs must have the shapes of those that were recorded. What is not a number or a token
  /// (positions, masks) must have the same values: it decided what was recorded. Throws UserError elsewhere.
  Attribution explain(const std::map<std::string, Tensor>& inputs);

 private:
  void split_sources(const std::map<std::string, Tensor>& inputs);
  void check_same(const std::map<std::string, Tensor>& inputs) const;
  std::map<std::string, Tensor> compute_sources(const std::map<std::string, Tensor>& inputs) const;

  const Plan& plan_;
  std::vector<std::string> labels_;
  ExplainOptions options_;
  std::map<std::string, Tensor> recorded_;  ///< the inputs that were recorded, to compare with
  std::map<std::string, Tensor> given_;     ///< the values that the recorded work begins with
  std::vector<std::string> varying_;        ///< those among them that each replay fills anew
  std::vector<std::string> fixed_;          ///< inputs whose values must stay
  HostCopies copies_;
  LateChecks checks_;
  Attribution result_;
  std::optional<DeviceGraph> graph_;
};

}  // namespace lrpp
