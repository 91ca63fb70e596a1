#include <lrpp/framework/graph_copy.h>
#include <lrpp/framework/graph_edit.h>

namespace lrpp {

int GraphEdit::only_reader(int node) const {
  if (graph_.output().node == node || graph_.is_read_at(node)) return -1;
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
  GraphCopy copy(graph_);
  for (int i = 0; i < static_cast<int>(graph_.nodes().size()); ++i) {
    const Node& node = graph_.node(i);
    if (bypassed_.contains(i)) {
      copy.stand_for({i, 0}, copy.at(node.inputs.at(0)));
    } else if (const auto replaced = replaced_.find(i); replaced != replaced_.end()) {
      copy.copy(i, replaced->second, copy.at(node.inputs));
    } else {
      copy.copy(i);
    }
  }
  return std::move(copy).finish();
}

}  // namespace lrpp
