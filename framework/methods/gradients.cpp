#include <lrpp/framework/methods/gradients.h>

namespace lrpp {

std::shared_ptr<const Gradients::Plans> Gradients::plans(const Model& model) const {
  return plans_.of(model.graph, [&](const Graph& graph) {
    const Graph fed = fed_with_values(graph);
    return Plans{make_forward_plan(fed, model.composite), make_plan(fed, composite_)};
  });
}

std::string Gradients::rejects(const Model& model) const {
  try {
    plans(model);
    return {};
  } catch (const UserError& error) {
    return error.what();
  }
}

Probe Gradients::probe(const Model& model, const Inputs& inputs, const ExplainOptions& options) const {
  return {model, plans(model)->forward, inputs, options};
}

Tensor Gradients::scores(const Model& model, const Probe& probe, const Tensor& changed) const {
  return probe.scores(plans(model)->forward, changed);
}

Tensor Gradients::at(const Model& model, const Probe& probe, const Tensor& changed,
                     const ExplainOptions& options) const {
  ExplainOptions walk;
  walk.rows_at_once = options.rows_at_once;
  walk.memory = options.memory;
  const int64_t versions = changed.size(0) / probe.examples();
  const Attribution attribution = lrpp::explain_targets(plans(model)->gradient, probe.inputs_with(changed),
                                                        probe.targets(versions), walk);
  return attribution.relevance.unflatten(0, {probe.examples(), versions, probe.rows_per_example()});
}

}  // namespace lrpp
