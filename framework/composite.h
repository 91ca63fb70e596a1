#pragma once

#include <lrpp/framework/fusion.h>
#include <lrpp/framework/graph.h>
#include <lrpp/framework/rule.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lrpp {

/// One node among those that an entry matches: the first or the last in the order of computation.
enum class Which { first, last };
std::string_view to_string(Which which);

/// Which nodes an entry of a composite is for. Everything that is given must hold; nothing given matches all.
struct Match {
  std::vector<std::string> op = {};      ///< any of these op types
  std::optional<std::string> name = {};  ///< a pattern over the node's name: * any run, ? any one character
  std::vector<OpKind> kind = {};         ///< any of these kinds
  std::optional<Which> which = {};       ///< of the nodes that fit the rest, only this one

  /// Whether the node fits, `which` aside.
  bool matches(const Node& node) const;
};

/// A pattern is held against the whole name and against each tail of it that begins after a dot, so that
/// "layers.0.*" and "mixer.out_proj" match what they look like. It must match to the end of the name.
bool matches_name(std::string_view pattern, std::string_view name);

/// "op 'silu', name 'layers.*'", for messages.
std::string describe(const Match& match);

/// What an explanation reads at the model's inputs.
enum class Readout { relevance, multiplier };

/// A rewrite of the graph that leaves what the model computes as it is, so that rules see it in another form:
/// a batch norm folded into the convolution before it.
struct Canonizer {
  std::string name, summary;
  /// The rewritten graph; `changes` gets the name of each node that was changed or taken out.
  std::function<Graph(const Graph& graph, std::vector<std::string>& changes)> apply;
};

/// An ordered list of matchers: the first that matches a node decides its rule.
struct Composite {
  struct Entry {
    Match match;
    RulePtr rule;
    bool from_user = false;  ///< a user's entry whose name pattern matches no node is an error
  };
  std::string name;
  Json arguments = Json::object();
  std::vector<Entry> entries;
  Readout readout = Readout::relevance;
  std::vector<Canonizer> canonizers;  ///< applied in this order before rules are assigned
  std::vector<Fusion> fusions;  ///< ways of computing that rules may allow; the registry gives all it has
};

/// The rule of every node, null for sources (which need none). Throws UserError for a node that nothing
/// matches, a rule that rejects its op, and a user's name pattern that matches no node.
std::vector<RulePtr> assign_rules(const Graph& graph, const Composite& composite);

}  // namespace lrpp
