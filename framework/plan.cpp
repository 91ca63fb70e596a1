#include <lrpp/framework/plan.h>

namespace lrpp {
namespace {

void mark_signals(const Graph& graph, Plan& plan) {
  const Value out = graph.output();
  plan.steps[static_cast<size_t>(out.node)].gets_multiplier[static_cast<size_t>(out.output)] = true;
  for (int i = static_cast<int>(graph.nodes().size()) - 1; i >= 0; --i) {
    Plan::Step& step = plan.steps[static_cast<size_t>(i)];
    for (size_t o = 0; o < step.keep.size(); ++o) {
      step.reached = step.reached || step.gets_multiplier[o] || step.gets_relevance[o];
    }
    if (!step.reached || !carries_on(graph, plan, i)) continue;
    const Node& node = graph.node(i);
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      if (!step.rule->reaches(*node.op, static_cast<int>(k))) continue;
      Plan::Step& source = plan.steps[static_cast<size_t>(node.inputs[k].node)];
      auto& flags =
          step.rule->gives() == SignalKind::multiplier ? source.gets_multiplier : source.gets_relevance;
      flags[static_cast<size_t>(node.inputs[k].output)] = true;
    }
  }
}

void mark_kept(const Graph& graph, Plan& plan) {
  const auto keep = [&](Value v) {
    plan.steps[static_cast<size_t>(v.node)].keep[static_cast<size_t>(v.output)] = true;
  };
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Plan::Step& step = plan.steps[i];
    const Node& node = graph.nodes()[i];
    const int index = static_cast<int>(i);
    if (!step.reached || !carries_on(graph, plan, index)) continue;
    const Needs needs = step.rule->needs(*node.op);
    for (int k : needs.inputs) keep(node.inputs.at(static_cast<size_t>(k)));
    for (int o : needs.outputs) keep({index, o});
    for (size_t o = 0; o < step.keep.size(); ++o) {
      // A signal of the other kind than the rule takes is converted, which reads the value.
      const bool other =
          step.rule->takes() == SignalKind::multiplier ? step.gets_relevance[o] : step.gets_multiplier[o];
      if (other) keep({index, static_cast<int>(o)});
    }
  }
  keep(graph.attributed());
  keep(graph.output());
}

}  // namespace

bool carries_on(const Graph& graph, const Plan& plan, int index) {
  return plan.steps[static_cast<size_t>(index)].rule != nullptr && graph.attributed().node != index;
}

Plan make_plan(const Graph& graph, const Composite& composite, bool audit) {
  Plan plan;
  plan.composite = composite.name;
  plan.arguments = composite.arguments;
  plan.readout = composite.readout;
  plan.audit = audit;
  const std::vector<RulePtr> rules = assign_rules(graph, composite);
  for (size_t i = 0; i < rules.size(); ++i) {
    const auto outputs = static_cast<size_t>(graph.nodes()[i].op->num_outputs());
    Plan::Step step;
    step.rule = rules[i];
    step.keep.assign(outputs, audit);
    step.gets_multiplier.assign(outputs, false);
    step.gets_relevance.assign(outputs, false);
    step.last_use.assign(outputs, -1);
    plan.steps.push_back(std::move(step));
    for (const Value& v : graph.nodes()[i].inputs) {
      plan.steps[static_cast<size_t>(v.node)].last_use[static_cast<size_t>(v.output)] = static_cast<int>(i);
    }
  }
  mark_signals(graph, plan);
  mark_kept(graph, plan);
  return plan;
}

}  // namespace lrpp
