#pragma once

#include <lrpp/framework/fused_op.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lrpp {

/// Nodes of a graph that one op can stand for.
struct FusedGroup {
  std::string name;           ///< of the node that takes their place; must be free
  std::vector<int> nodes;     ///< in ascending order
  std::vector<Value> inputs;  ///< of the op, all from outside of the group
  std::vector<Value>
      outputs;  ///< what the op's first outputs stand for; further ones are for its relevance alone
  /// Makes the op from its parts, which are numbered as `nodes` is.
  std::function<std::shared_ptr<const FusedOp>(FusedParts)> make;
};

/// A way of computing several nodes at once, where their rules allow it. Registered by name.
struct Fusion {
  std::string name, summary;
  /// The group that ends with node `last`, if there is one. That nothing else reads what is inside the group
  /// is checked by `fuse`.
  std::function<std::optional<FusedGroup>(const Graph& graph, const std::vector<RulePtr>& rules, int last)>
      match;
};

/// Puts fused ops in place of the nodes that the fusions match. Where groups overlap, the larger one is
/// taken.
void fuse(Graph& graph, std::vector<RulePtr>& rules, const std::vector<Fusion>& fusions);

/// Whether the rule passes a multiplier through a linear op or wiring by its exact transpose: `gradient`, or
/// `epsilon` with 0.
bool is_transpose(const RulePtr& rule);
/// Whether it is the rule of that name with a parameter of that value.
bool is_rule(const RulePtr& rule, std::string_view name);
bool is_rule(const RulePtr& rule, std::string_view name, std::string_view parameter, double value);

}  // namespace lrpp
