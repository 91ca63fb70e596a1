#include <lrpp/framework/layers.h>
#include <lrpp/framework/pick_early.h>
#include <lrpp/framework/plan.h>

namespace lrpp {
namespace {

void mark_signals(Plan& plan) {
  const Graph& graph = plan.graph;
  const Value out = graph.output();
  plan.steps[static_cast<size_t>(out.node)].gets_multiplier[static_cast<size_t>(out.output)] = true;
  for (int i = static_cast<int>(graph.nodes().size()) - 1; i >= 0; --i) {
    Plan::Step& step = plan.steps[static_cast<size_t>(i)];
    bool multiplier = false, relevance = false;
    for (size_t o = 0; o < step.keep.size(); ++o) {
      multiplier = multiplier || step.gets_multiplier[o];
      relevance = relevance || step.gets_relevance[o];
    }
    step.reached = multiplier || relevance;
    if (!step.reached || !carries_on(plan, i)) continue;
    const Node& node = graph.node(i);
    if (step.rule->takes(*node.op)) {
      multiplier = step.rule->gives(*node.op) == SignalKind::multiplier;
      relevance = !multiplier;
    }
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      if (!step.rule->reaches(*node.op, static_cast<int>(k))) continue;
      Plan::Step& source = plan.steps[static_cast<size_t>(node.inputs[k].node)];
      const auto o = static_cast<size_t>(node.inputs[k].output);
      if (multiplier) source.gets_multiplier[o] = true;
      if (relevance) source.gets_relevance[o] = true;
    }
  }
}

void keep_values(Plan& plan, const std::vector<Value>& values) {
  for (const Value& v : values)
    plan.steps[static_cast<size_t>(v.node)].keep[static_cast<size_t>(v.output)] = true;
}

/// What an explanation reads: the output, and where relevance ends and passes.
std::vector<Value> read_out(const Graph& graph) {
  std::vector<Value> values{graph.attributed(), graph.output()};
  if (graph.tokens()) values.push_back(*graph.tokens());
  for (const Layer& layer : graph.layers()) values.push_back(layer.value);
  return values;
}

void mark_kept(Plan& plan) {
  const Graph& graph = plan.graph;
  const auto keep = [&](Value v) {
    plan.steps[static_cast<size_t>(v.node)].keep[static_cast<size_t>(v.output)] = true;
  };
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Plan::Step& step = plan.steps[i];
    const Node& node = graph.nodes()[i];
    const int index = static_cast<int>(i);
    if (!step.reached || !carries_on(plan, index)) continue;
    const Needs needs = step.rule->needs(*node.op);
    for (int k : needs.inputs) keep(node.inputs.at(static_cast<size_t>(k)));
    for (int o : needs.outputs) keep({index, o});
    const std::optional<SignalKind> taken = step.rule->takes(*node.op);
    for (size_t o = 0; taken && o < step.keep.size(); ++o) {
      // A signal of the other kind than the rule takes is converted, which reads the value.
      const bool other = *taken == SignalKind::multiplier ? step.gets_relevance[o] : step.gets_multiplier[o];
      if (other) keep({index, static_cast<int>(o)});
    }
  }
  keep_values(plan, read_out(graph));
}

void canonize(Plan& plan, const Composite& composite) {
  for (const Canonizer& canonizer : composite.canonizers) {
    std::vector<std::string> changes;
    Graph rewritten = canonizer.apply(plan.graph, changes);
    if (changes.empty()) continue;
    plan.graph = std::move(rewritten);
    plan.rewrites.push_back({canonizer.name, std::move(changes)});
  }
}

void make_steps(Plan& plan, const std::vector<RulePtr>& rules) {
  const std::vector<Node>& nodes = plan.graph.nodes();
  for (size_t i = 0; i < rules.size(); ++i) {
    const auto outputs = static_cast<size_t>(nodes[i].op->num_outputs());
    Plan::Step step;
    step.rule = rules[i];
    step.keep.assign(outputs, plan.audit);
    step.gets_multiplier.assign(outputs, false);
    step.gets_relevance.assign(outputs, false);
    step.last_use.assign(outputs, -1);
    plan.steps.push_back(std::move(step));
    for (const Value& v : nodes[i].inputs) {
      plan.steps[static_cast<size_t>(v.node)].last_use[static_cast<size_t>(v.output)] = static_cast<int>(i);
    }
  }
}

}  // namespace

bool carries_on(const Plan& plan, int index) {
  return plan.steps[static_cast<size_t>(index)].rule != nullptr && plan.graph.attributed().node != index;
}

Plan make_plan(Graph graph, const Composite& composite, bool audit, bool layers) {
  Plan plan;
  plan.graph = std::move(graph);
  plan.composite = composite.name;
  plan.arguments = composite.arguments;
  plan.readout = composite.readout;
  plan.audit = audit;
  canonize(plan, composite);
  std::vector<RulePtr> rules = assign_rules(plan.graph, composite);
  if (layers) plan.graph.read_at(find_layers(plan.graph));
  // An audit shows the graph as the checkpoint has it.
  if (!audit) {
    pick_early(plan.graph, rules);
    fuse(plan.graph, rules, composite.fusions);
  }
  make_steps(plan, rules);
  mark_signals(plan);
  mark_kept(plan);
  plan.segments = find_segments(plan);
  return plan;
}

Plan make_forward_plan(Graph graph, const Composite& composite) {
  Plan plan;
  plan.graph = std::move(graph);
  std::vector<RulePtr> rules(plan.graph.nodes().size());
  if (!composite.entries.empty()) {
    canonize(plan, composite);
    rules = assign_rules(plan.graph, composite);
    pick_early(plan.graph, rules);
    fuse(plan.graph, rules, composite.fusions);
  }
  make_steps(plan, rules);
  keep_values(plan, read_out(plan.graph));
  return plan;
}

Plan make_forward_plan(Graph graph, const std::vector<Value>& keep) {
  Plan plan;
  plan.graph = std::move(graph);
  make_steps(plan, std::vector<RulePtr>(plan.graph.nodes().size()));
  keep_values(plan, read_out(plan.graph));
  keep_values(plan, keep);
  return plan;
}

}  // namespace lrpp
