#include <lrpp/framework/graph.h>
#include <lrpp/framework/io/suggest.h>
#include <lrpp/framework/ops/input.h>

#include <algorithm>

namespace lrpp {

int Graph::find(std::string_view name) const {
  std::vector<std::string> known;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].name == name) return static_cast<int>(i);
    known.push_back(nodes_[i].name);
  }
  fail("graph", "no node is named '{}'; {}", name, list_known(name, known));
}

Value GraphBuilder::input(const std::string& name) {
  const Value value = add(name, std::make_shared<ops::Input>(), {});
  graph_.inputs_[name] = value;
  return value;
}

Value GraphBuilder::add(const std::string& name, OpPtr op, std::vector<Value> inputs) {
  const std::vector<Value> outputs = add_multi(name, std::move(op), std::move(inputs));
  require(outputs.size() == 1, "graph", "node '{}' has {} outputs; use add_multi", name, outputs.size());
  return outputs[0];
}

std::vector<Value> GraphBuilder::add_multi(const std::string& name, OpPtr op, std::vector<Value> inputs) {
  require(!name.empty(), "graph", "a node's name must not be empty");
  require(op != nullptr, "graph", "node '{}' has no op", name);
  require(!index_.contains(name), "graph", "two nodes are named '{}'; names must be unique", name);
  require(static_cast<int>(inputs.size()) == op->num_inputs(), "graph",
          "node '{}': op '{}' takes {} inputs; got {}", name, op->type(), op->num_inputs(), inputs.size());
  const int index = static_cast<int>(graph_.nodes_.size());
  for (const Value& v : inputs) {
    require(v.node >= 0 && v.node < index, "graph", "node '{}' uses a value of no earlier node", name);
    require(v.output >= 0 && v.output < graph_.node(v.node).op->num_outputs(), "graph",
            "node '{}' uses output {} of node '{}', which has {}", name, v.output, graph_.node(v.node).name,
            graph_.node(v.node).op->num_outputs());
  }
  std::vector<Value> outputs;
  for (int i = 0; i < op->num_outputs(); ++i) outputs.push_back({index, i});
  index_[name] = index;
  graph_.nodes_.push_back({name, std::move(op), std::move(inputs)});
  return outputs;
}

void GraphBuilder::require_path(Value from, Value to) const {
  std::vector<bool> depends(graph_.nodes_.size(), false);
  depends.at(static_cast<size_t>(from.node)) = true;
  for (size_t i = 0; i < depends.size(); ++i) {
    for (const Value& v : graph_.nodes_[i].inputs) {
      if (depends[static_cast<size_t>(v.node)]) depends[i] = true;
    }
  }
  require(depends.at(static_cast<size_t>(to.node)), "graph", "'{}' does not depend on '{}'",
          graph_.node(to.node).name, graph_.node(from.node).name);
}

Graph GraphBuilder::finish(Value attributed, Value output, std::optional<Value> tokens) && {
  require_path(attributed, output);
  if (tokens) {
    require_path(attributed, *tokens);
    require_path(*tokens, output);
  }
  graph_.attributed_ = attributed;
  graph_.output_ = output;
  graph_.tokens_ = tokens;
  return std::move(graph_);
}

bool Graph::is_read_at(int node) const {
  return attributed_.node == node || (tokens_ && tokens_->node == node) ||
         std::any_of(layers_.begin(), layers_.end(),
                     [&](const Layer& layer) { return layer.value.node == node; });
}

std::string describe(const Node& node) {
  return fmt::format("node '{}' (op '{}')", node.name, node.op->type());
}

}  // namespace lrpp
