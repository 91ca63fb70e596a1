#pragma once

#include <lrpp/framework/op.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lrpp {

/// One output of one node.
struct Value {
  int node = -1;
  int output = 0;
  friend bool operator==(const Value&, const Value&) = default;
  friend auto operator<=>(const Value&, const Value&) = default;
};

struct Node {
  std::string name;  ///< the checkpoint's module name: "backbone.layers.0.mixer.conv1d"
  OpPtr op;
  std::vector<Value> inputs;
  friend bool operator==(const Node&, const Node&) = default;  ///< the same op, not one like it
};

/// A place between the layers of a model: a value that everything on the way to the output passes through.
struct Layer {
  std::string name;  ///< of the layer that it enters: "backbone.layers.0"
  Value value;
  friend bool operator==(const Layer&, const Layer&) = default;
};

/// A directed acyclic graph of ops. Nodes stand in an order in which they can be computed.
class Graph {
 public:
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& node(int index) const { return nodes_.at(static_cast<size_t>(index)); }
  /// The index of the node of that name; a UserError lists the nearest names.
  int find(std::string_view name) const;

  /// The tensors a caller feeds, by name: each is the output of an `input` node.
  const std::map<std::string, Value>& inputs() const { return inputs_; }
  /// What is explained: [B, C].
  Value output() const { return output_; }
  /// Where relevance is read out: the model's inputs as real numbers (embeddings [B,T,D], pixels [B,C,H,W]).
  Value attributed() const { return attributed_; }
  /// The tokens [B,T,D] as they enter the first layer, whose relevance is read in passing; none for models
  /// without tokens. Of a text model these are its embeddings, `attributed`.
  std::optional<Value> tokens() const { return tokens_; }
  /// Where relevance is read in passing besides, in the graph's order; see find_layers. Rewrites keep them.
  const std::vector<Layer>& layers() const { return layers_; }
  void read_at(std::vector<Layer> layers) { layers_ = std::move(layers); }

  /// Whether relevance is read at one of the node's outputs, so that nothing else can stand in its place.
  bool is_read_at(int node) const;

  /// Whether both are the same ops, wired and read out alike.
  friend bool operator==(const Graph&, const Graph&) = default;

 private:
  friend class GraphBuilder;
  std::vector<Node> nodes_;
  std::map<std::string, Value> inputs_;
  Value output_, attributed_;
  std::optional<Value> tokens_;
  std::vector<Layer> layers_;
};

/// Builds a Graph node by node. Every mistake is named where it is made.
class GraphBuilder {
 public:
  /// A tensor that the caller feeds under this name.
  Value input(const std::string& name);
  /// Adds a node with one output. Names must be unique.
  Value add(const std::string& name, OpPtr op, std::vector<Value> inputs);
  /// Adds a node and returns all its outputs.
  std::vector<Value> add_multi(const std::string& name, OpPtr op, std::vector<Value> inputs);
  /// `attributed` must reach `output`, by way of `tokens` where they are given.
  Graph finish(Value attributed, Value output, std::optional<Value> tokens = std::nullopt) &&;

 private:
  void require_path(Value from, Value to) const;

  Graph graph_;
  std::map<std::string, int, std::less<>> index_;
};

/// "node 'NAME' (op 'TYPE')", for messages.
std::string describe(const Node& node);

}  // namespace lrpp
