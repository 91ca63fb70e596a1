#pragma once

#include <lrpp/framework/graph.h>

#include <map>

namespace lrpp {

/// Changes to a graph, collected and then made in one pass. Names of the nodes that stay are kept.
class GraphEdit {
 public:
  explicit GraphEdit(const Graph& graph) : graph_(graph) {}

  const Graph& graph() const { return graph_; }
  /// The only node that reads the output of `node`, or -1 where none or several do, or where it is read out.
  int only_reader(int node) const;
  /// Gives `node` another op with as many inputs and outputs.
  void replace(int node, OpPtr op);
  /// Takes out a node whose output 0 stands for its input 0.
  void bypass(int node);

  Graph apply() const;

 private:
  const Graph& graph_;
  std::map<int, OpPtr> replaced_;
  std::map<int, bool> bypassed_;
};

}  // namespace lrpp
