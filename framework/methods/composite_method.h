#pragma once

#include <lrpp/framework/methods/method.h>
#include <lrpp/framework/methods/per_graph.h>

namespace lrpp {

/// A composite as a method: its rules, assigned to the model's nodes.
class CompositeMethod final : public Method {
 public:
  explicit CompositeMethod(Composite composite) : composite_(std::move(composite)) {}
  std::string name() const override { return composite_.name; }
  Json parameters() const override { return composite_.arguments; }
  Readout readout() const override { return composite_.readout; }
  std::string rejects(const Model& model) const override;
  Attribution explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                      const ExplainOptions& options) const override;
  Json record(const Model& model, const ExplainOptions& options) const override;

  const Composite& composite() const { return composite_; }
  std::shared_ptr<const Plan> plan(const Model& model) const;

 private:
  Composite composite_;
  PerGraph<Plan> plans_;
};

}  // namespace lrpp
