#include <lrpp/framework/fusion.h>
#include <lrpp/framework/graph_copy.h>

#include <algorithm>
#include <map>
#include <set>

namespace lrpp {
namespace {

/// A group that fits: the place of its op, and what stands there.
class Fuser {
 public:
  Fuser(const Graph& graph, const std::vector<RulePtr>& rules)
      : graph_(graph), rules_(rules), readers_(graph.nodes().size()), taken_(graph.nodes().size(), false) {
    for (size_t i = 0; i < graph.nodes().size(); ++i) {
      for (const Value& v : graph.nodes()[i].inputs)
        readers_[static_cast<size_t>(v.node)].emplace_back(v, static_cast<int>(i));
    }
  }

  void add(FusedGroup group) {
    if (!fits(group)) return;
    for (int i : group.nodes) taken_[static_cast<size_t>(i)] = true;
    const int place = group.outputs.front().node;
    groups_[place] = std::move(group);
  }

  bool found() const { return !groups_.empty(); }

  Graph build(std::vector<RulePtr>& rules) const {
    GraphCopy copy(graph_);
    std::vector<RulePtr> new_rules;
    for (int i = 0; i < static_cast<int>(graph_.nodes().size()); ++i) {
      if (const auto group = groups_.find(i); group != groups_.end()) {
        const FusedGroup& g = group->second;
        const std::vector<Value> made = copy.add(g.name, g.make(parts_of(g)), copy.at(g.inputs));
        for (size_t o = 0; o < g.outputs.size(); ++o) copy.stand_for(g.outputs[o], made[o]);
        new_rules.push_back(std::make_shared<FusedRule>());
      } else if (!taken_[static_cast<size_t>(i)]) {
        copy.copy(i);
        new_rules.push_back(rules_[static_cast<size_t>(i)]);
      }
    }
    rules = std::move(new_rules);
    return std::move(copy).finish();
  }

 private:
  /// Nothing of the group is taken or read out, nothing but its outputs is read outside, and its inputs are
  /// there where its first output is made: the op stands in that node's place.
  bool fits(const FusedGroup& group) const {
    LRPP_ASSERT(!group.outputs.empty() && std::is_sorted(group.nodes.begin(), group.nodes.end()));
    const std::set<int> inside(group.nodes.begin(), group.nodes.end());
    const int place = group.outputs.front().node;
    for (int i : group.nodes) {
      if (taken_[static_cast<size_t>(i)] || graph_.is_read_at(i)) return false;
      for (const auto& [value, reader] : readers_[static_cast<size_t>(i)]) {
        if (inside.contains(reader)) continue;
        if (!is_output(group, value) || reader < place) return false;
      }
    }
    const Value out = graph_.output();
    if (inside.contains(out.node) && !is_output(group, out)) return false;
    return std::all_of(group.inputs.begin(), group.inputs.end(),
                       [&](const Value& v) { return !inside.contains(v.node) && v.node < place; });
  }

  static bool is_output(const FusedGroup& group, Value v) {
    return std::find(group.outputs.begin(), group.outputs.end(), v) != group.outputs.end();
  }

  FusedParts parts_of(const FusedGroup& group) const {
    std::map<Value, Value> local;
    for (size_t k = 0; k < group.inputs.size(); ++k) local[group.inputs[k]] = {-1, static_cast<int>(k)};
    std::vector<FusedPart> parts;
    for (int i : group.nodes) {
      Node node = graph_.node(i);
      for (Value& v : node.inputs) {
        const auto found = std::find(group.nodes.begin(), group.nodes.end(), v.node);
        v = found == group.nodes.end()
                ? local.at(v)
                : Value{static_cast<int>(std::distance(group.nodes.begin(), found)), v.output};
      }
      parts.push_back({std::move(node), rules_[static_cast<size_t>(i)]});
    }
    return FusedParts(std::move(parts));
  }

  const Graph& graph_;
  const std::vector<RulePtr>& rules_;
  std::vector<std::vector<std::pair<Value, int>>> readers_;  ///< per node: which output is read, and by whom
  std::vector<bool> taken_;
  std::map<int, FusedGroup> groups_;  ///< by place
};

}  // namespace

void fuse(Graph& graph, std::vector<RulePtr>& rules, const std::vector<Fusion>& fusions) {
  std::vector<FusedGroup> groups;
  for (const Fusion& fusion : fusions) {
    for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
      if (auto group = fusion.match(graph, rules, i)) groups.push_back(std::move(*group));
    }
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const FusedGroup& a, const FusedGroup& b) { return a.nodes.size() > b.nodes.size(); });
  Fuser fuser(graph, rules);
  for (FusedGroup& group : groups) fuser.add(std::move(group));
  if (!fuser.found()) return;
  std::vector<RulePtr> new_rules;
  Graph fused = fuser.build(new_rules);
  graph = std::move(fused);
  rules = std::move(new_rules);
}

bool is_rule(const RulePtr& rule, std::string_view name) { return rule && rule->name() == name; }

bool is_rule(const RulePtr& rule, std::string_view name, std::string_view parameter, double value) {
  if (!is_rule(rule, name)) return false;
  const Json parameters = rule->parameters();
  const auto found = parameters.find(parameter);
  return found != parameters.end() && found->is_number() && found->get<double>() == value;
}

bool is_transpose(const RulePtr& rule) {
  return is_rule(rule, "gradient") || is_rule(rule, "epsilon", "epsilon", 0);
}

}  // namespace lrpp
