#include <lrpp/framework/composite.h>
#include <lrpp/framework/io/suggest.h>

#include <algorithm>

namespace lrpp {
namespace {

/// Glob match in linear space and O(pattern * text) time at worst.
bool glob(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

void check_user_names(const Graph& graph, const Composite& composite) {
  for (const Composite::Entry& entry : composite.entries) {
    if (!entry.from_user || !entry.match.name) continue;
    const auto& nodes = graph.nodes();
    if (std::any_of(nodes.begin(), nodes.end(), [&](const Node& n) { return entry.match.matches(n); }))
      continue;
    std::vector<std::string> known;
    for (const Node& n : nodes) known.push_back(n.name);
    fail(fmt::format("composite {}", composite.name), "the entry for {} matches no node of this model; {}",
         describe(entry.match), list_known(*entry.match.name, known));
  }
}

}  // namespace

bool matches_name(std::string_view pattern, std::string_view name) {
  if (glob(pattern, name)) return true;
  for (size_t dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
    if (glob(pattern, name.substr(dot + 1))) return true;
  }
  return false;
}

bool Match::matches(const Node& node) const {
  if (!op.empty() && std::find(op.begin(), op.end(), node.op->type()) == op.end()) return false;
  if (!kind.empty() && std::find(kind.begin(), kind.end(), node.op->kind()) == kind.end()) return false;
  return !name || matches_name(*name, node.name);
}

std::string_view to_string(Which which) { return which == Which::first ? "first" : "last"; }

std::string describe(const Match& match) {
  std::string text;
  const auto add = [&](std::string_view key, std::string_view value) {
    text += fmt::format("{}{} '{}'", text.empty() ? "" : ", ", key, value);
  };
  for (const std::string& op : match.op) add("op", op);
  for (OpKind kind : match.kind) add("kind", to_string(kind));
  if (match.name) add("name", *match.name);
  if (match.which) add("which", to_string(*match.which));
  return text.empty() ? "every node" : text;
}

namespace {

/// For each entry that is for one node only: that node's index, or -1.
std::vector<int> chosen_nodes(const Graph& graph, const Composite& composite) {
  std::vector<int> chosen;
  for (const Composite::Entry& entry : composite.entries) {
    int found = -1;
    for (int i = 0; entry.match.which && i < static_cast<int>(graph.nodes().size()); ++i) {
      if (graph.node(i).op->kind() == OpKind::source || !entry.match.matches(graph.node(i))) continue;
      if (found < 0 || entry.match.which == Which::last) found = i;
    }
    chosen.push_back(found);
  }
  return chosen;
}

}  // namespace

std::vector<RulePtr> assign_rules(const Graph& graph, const Composite& composite) {
  check_user_names(graph, composite);
  const std::string where = fmt::format("composite {}", composite.name);
  std::vector<RulePtr> rules;
  const std::vector<int> chosen = chosen_nodes(graph, composite);
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    const Node& node = graph.node(i);
    if (node.op->kind() == OpKind::source) {
      rules.push_back(nullptr);
      continue;
    }
    const auto entry =
        std::find_if(composite.entries.begin(), composite.entries.end(), [&](const Composite::Entry& e) {
          const auto index = static_cast<size_t>(&e - composite.entries.data());
          return e.match.which ? chosen[index] == i : e.match.matches(node);
        });
    require(entry != composite.entries.end(), where,
            "every node needs a rule; nothing matches {}. Add an entry such as "
            R"({{"match": {{"op": "{}"}}, "rule": "NAME"}} to a rules file that extends this composite)",
            describe(node), node.op->type());
    const std::string reason = entry->rule->rejects(*node.op);
    require(reason.empty(), where, "rule '{}' cannot serve {}: {}", entry->rule->name(), describe(node),
            reason);
    rules.push_back(entry->rule);
  }
  return rules;
}

}  // namespace lrpp
