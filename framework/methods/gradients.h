#pragma once

#include <lrpp/framework/methods/per_graph.h>
#include <lrpp/framework/methods/probe.h>

namespace lrpp {

/// Gradients of what is explained, at any values: what SmoothGrad and integrated gradients add up.
class Gradients {
 public:
  /// gradient: the composite of that name.
  explicit Gradients(Composite gradient) : composite_(std::move(gradient)) {}

  /// Why a model has none.
  std::string rejects(const Model& model) const;
  Probe probe(const Model& model, const Inputs& inputs, const ExplainOptions& options) const;
  /// The scores of a probe of that model: [B, S, rows], for changed: [B S,...].
  Tensor scores(const Model& model, const Probe& probe, const Tensor& changed) const;
  /// At S versions of each example: [B, S, rows,...], for changed: [B S,...].
  Tensor at(const Model& model, const Probe& probe, const Tensor& changed,
            const ExplainOptions& options) const;

 private:
  struct Plans {
    Plan forward, gradient;
  };
  std::shared_ptr<const Plans> plans(const Model& model) const;

  Composite composite_;
  PerGraph<Plans> plans_;
};

}  // namespace lrpp
