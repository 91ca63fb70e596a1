#include <c10/core/GradMode.h>
#include <lrpp/framework/evaluation/value_model.h>

namespace lrpp::evaluation {

ValueModel::ValueModel(const Model& model)
    : model_(model), fed_(model), name_(model.graph.node(model.graph.attributed().node).name) {
  fed_.graph = fed_with_values(model.graph);
  plan_ = make_forward_plan(fed_.graph, model.composite);
}

Tensor ValueModel::values(const Inputs& inputs) const {
  const c10::NoGradGuard no_grad;
  return values_at(model_.graph, inputs);
}

Inputs ValueModel::inputs_with(Inputs inputs, const Tensor& values) const {
  inputs[name_] = values;
  return inputs;
}

Tensor ValueModel::logits(const Inputs& inputs) const { return forward(plan_, inputs).output; }

Inputs rows_of(const Inputs& inputs, const Tensor& example) {
  Inputs result;
  for (const auto& [name, tensor] : inputs)
    result[name] = tensor.index_select(0, example.to(tensor.device()));
  return result;
}

}  // namespace lrpp::evaluation
