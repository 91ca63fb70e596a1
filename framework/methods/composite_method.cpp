#include <lrpp/framework/methods/composite_method.h>

namespace lrpp {

std::shared_ptr<const Plan> CompositeMethod::plan(const Model& model) const {
  return plans_.of(model.graph, [&](const Graph& graph) { return make_plan(graph, composite_); });
}

std::string CompositeMethod::rejects(const Model& model) const {
  try {
    plan(model);
    return {};
  } catch (const UserError& error) {
    return error.what();
  }
}

Attribution CompositeMethod::explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                                     const ExplainOptions& options) const {
  return lrpp::explain(*plan(model), inputs, model.labels, options);
}

Json CompositeMethod::record(const Model& model, const ExplainOptions& options) const {
  return provenance(model, *plan(model), options);
}

}  // namespace lrpp
