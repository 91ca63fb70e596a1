#pragma once

#include <lrpp/framework/graph.h>

#include <map>

namespace lrpp {

/// A graph in the making that stands for another one: which of its values stands for which. What rewrites
/// graphs goes through the old nodes in order and copies them, or puts something else in their place.
class GraphCopy {
 public:
  explicit GraphCopy(const Graph& graph) : graph_(graph) {}

  /// What stands for a value of the old graph.
  Value at(Value old) const { return made_.at(old); }
  std::vector<Value> at(const std::vector<Value>& old) const;
  void stand_for(Value old, Value made) { made_[old] = made; }

  /// Whether the node is one of the tensors that a caller feeds.
  bool is_input(int node) const;
  /// The node as it is: an input, or its op on what stands for its inputs.
  void copy(int node);
  /// The node under its name, with this op on these inputs, which are the copy's.
  void copy(int node, OpPtr op, std::vector<Value> inputs);
  /// An input in the node's place and under its name, for the caller to feed what the node would compute.
  void feed(int node);
  /// A node that the old graph does not have; returns all its outputs.
  std::vector<Value> add(const std::string& name, OpPtr op, std::vector<Value> inputs);

  /// Read out where the old graph is.
  Graph finish() &&;

 private:
  const Graph& graph_;
  GraphBuilder builder_;
  std::map<Value, Value> made_;
};

}  // namespace lrpp
