#include <lrpp/framework/graph_copy.h>
#include <lrpp/framework/ops/concat.h>
#include <lrpp/framework/ops/pick.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/framework/pick_early.h>

#include <algorithm>
#include <map>
#include <optional>

namespace lrpp {
namespace {

/// The node that chooses a token, or -1. A graph with several is left as it is.
int find_choice(const Graph& graph) {
  int found = -1;
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    const std::string_view type = graph.node(i).op->type();
    if (type != "select_token" && type != "select_index") continue;
    if (found >= 0) return -1;
    found = i;
  }
  return found;
}

class Picker {
 public:
  Picker(const Graph& graph, const std::vector<RulePtr>& rules, int choice)
      : graph_(graph), rules_(rules), choice_(choice), dims_(graph.nodes().size(), -1), copy_(graph) {
    find_cone();
  }

  bool moves() const { return cone_ > 0; }

  Graph build(std::vector<RulePtr>& rules) {
    // The model's inputs come first: a pick may need the position long before the choice did.
    for (const auto& [name, value] : graph_.inputs()) copy(value.node);
    for (int i = 0; i < static_cast<int>(graph_.nodes().size()); ++i) {
      if (copy_.is_input(i)) continue;
      const Node& node = graph_.node(i);
      const int dim = dims_[static_cast<size_t>(i)];
      if (i == choice_) {
        const Value chosen = picked(node.inputs[0], 1);
        copy_.copy(i, std::make_shared<ops::SelectIndex>(ops::SelectIndexAttributes{0}), {chosen});
        new_rules_.push_back(rules_[static_cast<size_t>(i)]);
      } else if (dim < 0) {
        copy(i);
      } else {
        const std::vector<int> from = *node.op->picks_through(dim);
        std::vector<Value> inputs;
        for (size_t k = 0; k < node.inputs.size(); ++k)
          inputs.push_back(from[k] < 0 ? copy_.at(node.inputs[k]) : picked(node.inputs[k], from[k]));
        copy_.copy(i, node.op, std::move(inputs));
        new_rules_.push_back(rules_[static_cast<size_t>(i)]);
      }
    }
    rules = std::move(new_rules_);
    return std::move(copy_).finish();
  }

 private:
  /// From the choice back: a node belongs to the cone where everything that reads it needs one token only.
  void find_cone() {
    const auto count = static_cast<int>(graph_.nodes().size());
    std::vector<std::vector<int>> wanted(
        graph_.nodes().size());  // per node: the dim that each reader picks, or -1
    wanted[static_cast<size_t>(graph_.node(choice_).inputs[0].node)].push_back(1);
    for (int i = count - 1; i >= 0; --i) {
      const Node& node = graph_.node(i);
      const std::vector<int>& readers = wanted[static_cast<size_t>(i)];
      std::optional<std::vector<int>> through;
      if (i != choice_ && may_move(i) && !readers.empty() && readers.front() >= 0 &&
          std::count(readers.begin(), readers.end(), readers.front()) == std::ssize(readers)) {
        through = node.op->picks_through(readers.front());
      }
      if (through) {
        dims_[static_cast<size_t>(i)] = readers.front();
        ++cone_;
      }
      for (size_t k = 0; k < node.inputs.size(); ++k) {
        if (i == choice_ && k == 0) continue;
        wanted[static_cast<size_t>(node.inputs[k].node)].push_back(through ? (*through)[k] : -1);
      }
    }
  }

  bool may_move(int i) const {
    return graph_.output().node != i && !graph_.is_read_at(i) && graph_.node(i).op->num_outputs() == 1;
  }

  void copy(int node) {
    copy_.copy(node);
    new_rules_.push_back(rules_[static_cast<size_t>(node)]);
  }

  /// The chosen token of a value of the old graph: of a node in the cone that is all there is.
  Value picked(Value v, int dim) {
    if (dims_[static_cast<size_t>(v.node)] >= 0) return copy_.at(v);
    const auto found = picks_.find({v, dim});
    if (found != picks_.end()) return found->second;
    const Node& choice = graph_.node(choice_);
    ops::PickAttributes attributes{dim, 0, choice.op->num_inputs() == 2};
    std::vector<Value> inputs{copy_.at(v)};
    if (attributes.by_position) {
      inputs.push_back(copy_.at(choice.inputs[1]));
    } else {
      attributes.index = choice.op->attributes()["index"].get<int64_t>();
    }
    const std::string name =
        fmt::format("{}.pick", graph_.node(v.node).name) + (v.output == 0 ? "" : std::to_string(v.output));
    const Value value = copy_.add(name, std::make_shared<ops::Pick>(attributes), inputs).at(0);
    new_rules_.push_back(rules_[static_cast<size_t>(choice_)]);
    picks_[{v, dim}] = value;
    return value;
  }

  const Graph& graph_;
  const std::vector<RulePtr>& rules_;
  int choice_;
  std::vector<int> dims_;  ///< per node: the dimension that holds one token only, or -1
  int cone_ = 0;
  GraphCopy copy_;
  std::vector<RulePtr> new_rules_;
  std::map<std::pair<Value, int>, Value> picks_;
};

}  // namespace

void pick_early(Graph& graph, std::vector<RulePtr>& rules) {
  const int choice = find_choice(graph);
  if (choice < 0) return;
  Picker picker(graph, rules, choice);
  if (!picker.moves()) return;
  std::vector<RulePtr> new_rules;
  Graph picked = picker.build(new_rules);
  graph = std::move(picked);
  rules = std::move(new_rules);
}

}  // namespace lrpp
