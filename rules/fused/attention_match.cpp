#include <lrpp/rules/fused/attention.h>

#include <algorithm>

namespace lrpp::rules {
namespace {

/// Rules that treat each query by itself, so that they may see the queries of a block alone.
bool serves_product(const RulePtr& rule) {
  return is_rule(rule, "gradient") || is_rule(rule, "half") || is_rule(rule, "hold");
}

std::optional<FusedGroup> match(const Graph& graph, const std::vector<RulePtr>& rules, int last,
                                std::optional<int64_t> block_bytes) {
  const auto node = [&](int i) -> const Node& { return graph.node(i); };
  const auto rule = [&](int i) -> const RulePtr& { return rules[static_cast<size_t>(i)]; };
  const auto is_product = [&](int i, bool transposed) {
    return node(i).op->type() == "matmul" && node(i).op->attributes()["transpose_b"] == transposed;
  };
  if (!is_product(last, /*transposed=*/false) || !serves_product(rule(last))) return std::nullopt;
  std::vector<int> nodes{last};
  const auto below = [&] { return node(nodes.back()).inputs.at(0).node; };
  int pick = -1;
  if (const Node& chosen = node(below()); chosen.op->type() == "pick") {
    if (chosen.op->attributes()["dim"] != 2 || !is_transpose(rule(below()))) return std::nullopt;
    nodes.push_back(pick = below());
  }
  const int softmax = below();
  if (node(softmax).op->type() != "softmax") return std::nullopt;
  nodes.push_back(softmax);
  const bool reached = rule(last)->reaches(*node(last).op, 0);
  if (reached && !is_rule(rule(softmax), "gradient") && !is_rule(rule(softmax), "softmax-taylor"))
    return std::nullopt;
  int soft_cap = -1;
  if (node(below()).op->type() == "soft_cap") {
    nodes.push_back(soft_cap = below());
    if (reached && !is_rule(rule(soft_cap), "gradient") && !is_rule(rule(soft_cap), "identity"))
      return std::nullopt;
  }
  const int scores = below();
  if (!is_product(scores, /*transposed=*/true) || (reached && !serves_product(rule(scores))))
    return std::nullopt;
  nodes.push_back(scores);
  std::reverse(nodes.begin(), nodes.end());

  const auto local = [&](int i) {
    const auto found = std::find(nodes.begin(), nodes.end(), i);
    return found == nodes.end() ? -1 : static_cast<int>(std::distance(nodes.begin(), found));
  };
  FusedAttention::Layout layout{local(scores), local(soft_cap), local(softmax), local(pick), local(last)};
  FusedGroup group;
  group.inputs = {node(scores).inputs.at(0), node(scores).inputs.at(1), node(last).inputs.at(1)};
  layout.padded = node(softmax).inputs.size() == 2;
  layout.by_position = pick >= 0 && node(pick).inputs.size() == 2;
  if (layout.padded) group.inputs.push_back(node(softmax).inputs[1]);
  if (layout.by_position) group.inputs.push_back(node(pick).inputs[1]);
  group.name = node(last).name + ".fused_attention";
  group.nodes = std::move(nodes);
  group.outputs = {{last, 0}};
  group.make = [=](FusedParts parts) {
    return std::make_shared<FusedAttention>(std::move(parts), layout, block_bytes);
  };
  return group;
}

}  // namespace

Fusion attention_fusion(std::optional<int64_t> block_bytes) {
  return {"attention", "softmax attention from heads to heads, in blocks of queries",
          [block_bytes](const Graph& graph, const std::vector<RulePtr>& rules, int last) {
            return match(graph, rules, last, block_bytes);
          }};
}

}  // namespace lrpp::rules
