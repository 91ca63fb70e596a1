#include <lrpp/framework/graph_edit.h>

namespace lrpp {

int GraphEdit::only_reader(int node) const {
  if (graph_.output().node == node || graph_.attributed().node == node) return -1;
  if (graph_.tokens() && graph_.tokens()->node == node) return -1;
  int reader = -1;
  for (int i = node + 1; i < static_cast<int>(graph_.nodes().size()); ++i) {
    for (const Value& v : graph_.node(i).inputs) {
      if (v.node != node) continue;
      if (reader >= 0) return -1;
      reader = i;
    }
  }
  return reader;
}

void GraphEdit::replace(int node, OpPtr op) {
  LRPP_ASSERT(op->num_inputs() == static_cast<int>(graph_.node(node).inputs.size()) &&
                  op->num_outputs() == graph_.node(node).op->num_outputs(),
              "{} cannot be replaced by op '{}'", describe(graph_.node(node)), op->type());
  replaced_[node] = std::move(op);
}

void GraphEdit::bypass(int node) {
  LRPP_ASSERT(!graph_.node(node).inputs.empty(), "{} has no input to stand for it",
              describe(graph_.node(node)));
  bypassed_[node] = true;
}

Graph GraphEdit::apply() const {
  GraphBuilder builder;
  std::map<Value, Value> renamed;
  for (int i = 0; i < static_cast<int>(graph_.nodes().size()); ++i) {
    const Node& node = graph_.node(i);
    std::vector<Value> inputs;
    for (const Value& v : node.inputs) inputs.push_back(renamed.at(v));
    if (bypassed_.contains(i)) {
      renamed[{i, 0}] = inputs.at(0);
      continue;
    }
    if (graph_.inputs().contains(node.name)) {
      renamed[{i, 0}] = builder.input(node.name);
      continue;
    }
    const auto replaced = replaced_.find(i);
    const OpPtr& op = replaced == replaced_.end() ? node.op : replaced->second;
    const std::vector<Value> outputs = builder.add_multi(node.name, op, std::move(inputs));
    for (int o = 0; o < static_cast<int>(outputs.size()); ++o)
      renamed[{i, o}] = outputs[static_cast<size_t>(o)];
  }
  std::optional<Value> tokens = graph_.tokens();
  if (tokens) tokens = renamed.at(*tokens);
  return std::move(builder).finish(renamed.at(graph_.attributed()), renamed.at(graph_.output()), tokens);
}

}  // namespace lrpp
