#include <lrpp/framework/methods/token_paths.h>

#include <algorithm>

namespace lrpp {
namespace {

/// Whether each node's tokens stand in reverse, going by its first input that rests on the model's values.
std::vector<bool> find_reversed(const Graph& graph) {
  std::vector<bool> rests(graph.nodes().size(), false), reversed(graph.nodes().size(), false);
  rests[static_cast<size_t>(graph.attributed().node)] = true;
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    const auto from = std::find_if(node.inputs.begin(), node.inputs.end(),
                                   [&](const Value& v) { return rests[static_cast<size_t>(v.node)]; });
    if (from == node.inputs.end()) continue;
    rests[i] = true;
    reversed[i] = reversed[static_cast<size_t>(from->node)];
    if (node.op->type() != "flip") continue;
    const auto dims = node.op->attributes()["dims"].get<std::vector<int64_t>>();
    if (std::find(dims.begin(), dims.end(), 1) != dims.end()) reversed[i] = !reversed[i];
  }
  return reversed;
}

bool weighs_values(const Graph& graph, int softmax) {
  return std::any_of(graph.nodes().begin(), graph.nodes().end(), [&](const Node& node) {
    return node.op->type() == "matmul" && node.inputs.at(0) == Value{softmax, 0};
  });
}

}  // namespace

std::vector<std::vector<Mixer>> find_mixing_layers(const Graph& graph, const std::set<std::string>& types) {
  const std::vector<bool> reversed = find_reversed(graph);
  std::vector<std::vector<Mixer>> layers;
  std::vector<size_t> depth(graph.nodes().size(),
                            0);  // mixers on the longest path to a node, itself included
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    const Node& node = graph.node(i);
    size_t& here = depth[static_cast<size_t>(i)];
    for (const Value& v : node.inputs) here = std::max(here, depth[static_cast<size_t>(v.node)]);
    const std::string type(node.op->type());
    if (!types.contains(type) || (type == "softmax" && !weighs_values(graph, i))) continue;
    if (layers.size() <= here) layers.resize(here + 1);
    layers[here].push_back({i, reversed[static_cast<size_t>(i)]});
    ++here;
  }
  return layers;
}

int find_answer(const Graph& graph) {
  for (int i = static_cast<int>(graph.nodes().size()) - 1; i >= 0; --i) {
    const std::string_view type = graph.node(i).op->type();
    if (type == "select_token" || type == "select_index" || type == "mean_tokens") return i;
  }
  return -1;
}

Tensor answering_tokens(const Graph& graph, const Tensor& position, int64_t rows, int64_t tokens,
                        const at::TensorOptions& options) {
  const int node = find_answer(graph);
  LRPP_ASSERT(node >= 0, "the graph chooses no token");
  const Op& op = *graph.node(node).op;
  Tensor weights = at::zeros({rows, tokens}, options);
  if (op.type() == "select_token") {
    weights.scatter_(1, position.to(options.device()).view({rows, 1}), 1);
  } else if (op.type() == "select_index") {
    weights.select(1, op.attributes()["index"].get<int64_t>()).fill_(1);
  } else {
    const auto indices = op.attributes()["indices"].get<std::vector<int64_t>>();
    for (int64_t index : indices) weights.select(1, index).fill_(1.0 / static_cast<double>(indices.size()));
    if (indices.empty()) weights.fill_(1.0 / static_cast<double>(tokens));
  }
  return find_reversed(graph)[static_cast<size_t>(node)] ? weights.flip(1) : weights;
}

}  // namespace lrpp
