#include <lrpp/framework/fusion.h>
#include <lrpp/framework/graph_copy.h>
#include <lrpp/framework/ops/concat.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/pick.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/framework/pick_early.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

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
      : graph_(graph), rules_(rules), choice_(choice), copy_(graph) {
    find_cone();
  }

  bool moves() const { return !dims_.empty(); }

  Graph build(std::vector<RulePtr>& rules) {
    // The model's inputs come first: a pick may need the position long before the choice did.
    for (const auto& [name, value] : graph_.inputs()) copy(value.node);
    for (int i = 0; i < static_cast<int>(graph_.nodes().size()); ++i) {
      if (copy_.is_input(i) || cut_.contains(i)) continue;
      const Node& node = graph_.node(i);
      if (i == choice_) {
        const Value chosen = picked(node.inputs[0], 1);
        copy_.copy(i, std::make_shared<ops::SelectIndex>(ops::SelectIndexAttributes{0}), {chosen});
        new_rules_.push_back(rule(i));
      } else if (!node.inputs.empty() && cut_.contains(node.inputs[0].node)) {
        share_out(i);  // the only reader
      } else if (const auto through = throughs_.find(i); through == throughs_.end()) {
        copy(i);
      } else {
        const std::vector<int>& from = through->second;
        std::vector<Value> inputs;
        for (size_t k = 0; k < node.inputs.size(); ++k)
          inputs.push_back(from[k] < 0 ? copy_.at(node.inputs[k]) : picked(node.inputs[k], from[k]));
        copy_.copy(i, node.op, std::move(inputs));
        new_rules_.push_back(rule(i));
      }
    }
    rules = std::move(new_rules_);
    return std::move(copy_).finish();
  }

 private:
  /// From the choice back: a value belongs to the cone where everything that reads it needs one token only.
  void find_cone() {
    wanted_[graph_.node(choice_).inputs[0]].push_back(1);
    for (int i = static_cast<int>(graph_.nodes().size()) - 1; i >= 0; --i) {
      const Node& node = graph_.node(i);
      const std::optional<int> dim = i == choice_ ? std::nullopt : dim_of_all(i);
      const std::optional<std::vector<int>> through = dim ? node.op->picks_through(*dim) : std::nullopt;
      if (through) {
        throughs_[i] = *through;
        for (int o = 0; o < node.op->num_outputs(); ++o) dims_[{i, o}] = *dim;
      } else if (i != choice_ && may_be_cut(i)) {
        find_cut(i);
        continue;
      }
      for (size_t k = 0; k < node.inputs.size(); ++k) {
        if (i == choice_ && k == 0) continue;
        wanted_[node.inputs[k]].push_back(through ? (*through)[k] : -1);
      }
    }
  }

  /// The dimension that all readers of a value pick from.
  std::optional<int> dim_of(Value v) const {
    const auto found = wanted_.find(v);
    if (found == wanted_.end()) return std::nullopt;
    const std::vector<int>& dims = found->second;
    if (dims.front() < 0 || std::ranges::count(dims, dims.front()) != std::ssize(dims)) return std::nullopt;
    return dims.front();
  }

  /// The dimension that all readers of a node pick from, where nothing else looks at it.
  std::optional<int> dim_of_all(int i) const {
    if (is_read_out(i)) return std::nullopt;
    std::optional<int> dim;
    for (int o = 0; o < graph_.node(i).op->num_outputs(); ++o) {
      if (!wanted_.contains({i, o})) continue;
      const std::optional<int> here = dim_of({i, o});
      if (!here || (dim && *dim != *here)) return std::nullopt;
      dim = here;
    }
    return dim;
  }

  bool is_read_out(int i) const { return graph_.output().node == i || graph_.is_read_at(i); }
  const RulePtr& rule(int i) const { return rules_[static_cast<size_t>(i)]; }

  /// A split of what a linear op has for it alone, both of them transposed by their rules: then it makes no
  /// difference whether the op's outputs are made together.
  bool may_be_cut(int i) const {
    const auto* split = dynamic_cast<const ops::Split*>(graph_.node(i).op.get());
    if (split == nullptr || split->dim() != -1 || is_read_out(i) || !is_transpose(rule(i))) return false;
    const Value from = graph_.node(i).inputs[0];
    return dynamic_cast<const ops::Linear*>(graph_.node(from.node).op.get()) != nullptr &&
           !is_read_out(from.node) && is_transpose(rule(from.node)) && has_one_reader(from);
  }
  bool has_one_reader(Value v) const {
    std::ptrdiff_t readers = 0;
    for (const Node& node : graph_.nodes()) readers += std::ranges::count(node.inputs, v);
    return readers == 1;
  }

  void find_cut(int split) {
    const int linear = graph_.node(split).inputs[0].node;
    std::vector<int>& wanted = wanted_[graph_.node(linear).inputs[0]];
    for (int o = 0; o < graph_.node(split).op->num_outputs(); ++o) {
      const std::optional<int> dim = dim_of({split, o});
      wanted.push_back(dim.value_or(-1));
      if (!dim) continue;
      dims_[{split, o}] = *dim;
      cut_.insert(linear);
    }
  }

  void share_out(int split) {
    const int linear = graph_.node(split).inputs[0].node;
    const auto& op = dynamic_cast<const ops::Linear&>(*graph_.node(linear).op);
    const auto& sizes = dynamic_cast<const ops::Split&>(*graph_.node(split).op).sizes();
    int64_t begin = 0;
    for (int o = 0; o < std::ssize(sizes); ++o) {
      const int64_t size = sizes[static_cast<size_t>(o)];
      const Value v{split, o}, x = graph_.node(linear).inputs[0];
      const auto dim = dims_.find(v);
      const Value from = dim == dims_.end() ? copy_.at(x) : picked(x, dim->second);
      const Tensor bias = op.bias().defined() ? op.bias().narrow(0, begin, size) : Tensor();
      const auto part = std::make_shared<ops::Linear>(op.weight().narrow(0, begin, size), bias);
      copy_.stand_for(v,
                      copy_.add(fmt::format("{}.part{}", graph_.node(linear).name, o), part, {from}).at(0));
      new_rules_.push_back(rule(linear));
      begin += size;
    }
  }

  void copy(int node) {
    copy_.copy(node);
    new_rules_.push_back(rule(node));
  }

  /// The chosen token of a value of the old graph: of a value in the cone that is all there is.
  Value picked(Value v, int dim) {
    if (dims_.contains(v)) return copy_.at(v);
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
    new_rules_.push_back(rule(choice_));
    picks_[{v, dim}] = value;
    return value;
  }

  const Graph& graph_;
  const std::vector<RulePtr>& rules_;
  int choice_;
  std::map<Value, std::vector<int>> wanted_;  ///< the dimension that each reader picks from, or -1
  std::map<Value, int> dims_;                 ///< of values that hold one token only
  std::map<int, std::vector<int>> throughs_;  ///< of nodes in the cone, what they pick from of each input
  std::set<int>
      cut_;  ///< linear ops of whose outputs, shared out by a split, some are needed for one token only
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
