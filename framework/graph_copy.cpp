#include <lrpp/framework/graph_copy.h>

namespace lrpp {

std::vector<Value> GraphCopy::at(const std::vector<Value>& old) const {
  std::vector<Value> made;
  for (const Value& v : old) made.push_back(at(v));
  return made;
}

bool GraphCopy::is_input(int node) const { return graph_.inputs().contains(graph_.node(node).name); }

void GraphCopy::copy(int node) {
  const Node& old = graph_.node(node);
  if (is_input(node)) {
    stand_for({node, 0}, builder_.input(old.name));
  } else {
    copy(node, old.op, at(old.inputs));
  }
}

void GraphCopy::feed(int node) { stand_for({node, 0}, builder_.input(graph_.node(node).name)); }

void GraphCopy::copy(int node, OpPtr op, std::vector<Value> inputs) {
  const std::vector<Value> outputs = add(graph_.node(node).name, std::move(op), std::move(inputs));
  for (int o = 0; o < static_cast<int>(outputs.size()); ++o)
    stand_for({node, o}, outputs[static_cast<size_t>(o)]);
}

std::vector<Value> GraphCopy::add(const std::string& name, OpPtr op, std::vector<Value> inputs) {
  return builder_.add_multi(name, std::move(op), std::move(inputs));
}

Graph GraphCopy::finish() && {
  std::optional<Value> tokens = graph_.tokens();
  if (tokens) tokens = at(*tokens);
  Graph graph = std::move(builder_).finish(at(graph_.attributed()), at(graph_.output()), tokens);
  std::vector<Layer> layers = graph_.layers();
  for (Layer& layer : layers) layer.value = at(layer.value);
  graph.read_at(std::move(layers));
  return graph;
}

}  // namespace lrpp
