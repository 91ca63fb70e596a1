#include <c10/core/GradMode.h>
#include <lrpp/tests/support/graph_autograd.h>
#include <torch/csrc/autograd/autograd.h>

namespace lrpp::testing {

Tensor autograd_of_graph(const Graph& graph, const std::map<std::string, Tensor>& inputs, const Tensor& seed,
                         const NodeForward& compute) {
  const c10::AutoGradMode with_grad(true);
  std::vector<Tensors> values(graph.nodes().size());
  Tensor leaf;
  for (size_t i = 0; i < values.size(); ++i) {
    const Node& node = graph.nodes()[i];
    if (graph.inputs().contains(node.name)) {
      values[i] = {inputs.at(node.name)};
    } else {
      Tensors arguments;
      for (const Value& v : node.inputs)
        arguments.push_back(values[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]);
      values[i] = compute ? compute(node, arguments) : node.op->forward(arguments);
    }
    if (static_cast<int>(i) == graph.attributed().node) {
      leaf = values[i][static_cast<size_t>(graph.attributed().output)].detach().requires_grad_(true);
      values[i][static_cast<size_t>(graph.attributed().output)] = leaf;
    }
  }
  const Value out = graph.output();
  const Tensor& output = values[static_cast<size_t>(out.node)][static_cast<size_t>(out.output)];
  return torch::autograd::grad({output}, {leaf}, {seed})[0];
}

}  // namespace lrpp::testing
