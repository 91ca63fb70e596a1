#include <c10/core/GradMode.h>
#include <lrpp/framework/walk.h>

namespace lrpp {
namespace {

/// The stabiliser of the one division that the walk itself makes: relevance into a multiplier.
constexpr double conversion_epsilon = 1e-9;

/// What has arrived at one value: R = value * multiplier + relevance. Undefined parts are zero.
struct Arrived {
  Tensor multiplier, relevance;
  bool any() const { return multiplier.defined() || relevance.defined(); }
};

class Walker {
 public:
  Walker(const Graph& graph, const Plan& plan, Trace trace)
      : graph_(graph), plan_(plan), trace_(std::move(trace)), arrived_(graph.nodes().size()) {
    for (size_t i = 0; i < arrived_.size(); ++i) arrived_[i].resize(trace_.metas[i].size());
  }

  WalkResult run(const Tensor& seed, const Progress& progress) {
    at(graph_.output()).multiplier = seed;
    if (plan_.audit) start_ledger(seed);
    const auto count = static_cast<int64_t>(graph_.nodes().size());
    for (int64_t i = count - 1; i >= 0; --i) {
      if (carries_on(graph_, plan_, static_cast<int>(i))) {
        visit(static_cast<int>(i));
      } else if (ledger_) {
        close_end(static_cast<int>(i));
      }
      if (progress) progress(2 * count - i, 2 * count);
    }
    return read_out();
  }

 private:
  Arrived& at(Value v) { return arrived_[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]; }

  /// The arrived signals in the one form that the rule takes; `lost` gets what a division's stabiliser takes.
  Tensors collect(const Node& node, int index, SignalKind kind, Tensor& lost) {
    Tensors signals;
    for (int o = 0; o < node.op->num_outputs(); ++o) {
      const Arrived a = at({index, o});
      if (kind == SignalKind::multiplier && a.relevance.defined()) {
        const Tensor& v = trace_.value({index, o});
        const Tensor m = a.relevance / stabilize(v, conversion_epsilon);
        if (ledger_) lost = add_defined(lost, sum_per_example(a.relevance) - dot_per_example(v, m));
        signals.push_back(add_defined(a.multiplier, m));
      } else if (kind == SignalKind::relevance && a.multiplier.defined()) {
        signals.push_back(add_defined(trace_.value({index, o}) * a.multiplier, a.relevance));
      } else {
        signals.push_back(kind == SignalKind::multiplier ? a.multiplier : a.relevance);
      }
    }
    return signals;
  }

  void visit(int index) {
    const Node& node = graph_.node(index);
    const Rule& rule = *plan_.steps[static_cast<size_t>(index)].rule;
    bool any = false;
    for (const Arrived& a : arrived_[static_cast<size_t>(index)]) any = any || a.any();
    if (any) {
      Tensor lost;
      const Tensors outputs = collect(node, index, rule.takes(), lost);
      const Kept kept = trace_.kept(node, index);
      const Tensors inputs = propagate(node, rule, kept, outputs);
      if (ledger_) close_row(node, index, rule, kept, outputs, inputs, lost);
      for (size_t k = 0; k < inputs.size(); ++k) {
        if (inputs[k].defined()) deliver(node.inputs[k], rule.gives(), inputs[k]);
      }
    }
    forget(index);
  }

  Tensors propagate(const Node& node, const Rule& rule, const Kept& kept, const Tensors& outputs) {
    Tensors inputs;
    try {
      inputs = rule.propagate(*node.op, kept, outputs);
    } catch (const c10::Error& error) {
      LRPP_ASSERT(false, "rule '{}' failed at {}: {}", rule.name(), describe(node),
                  error.what_without_backtrace());
    }
    LRPP_ASSERT(inputs.size() == node.inputs.size(), "rule '{}' gave {} signals for the {} inputs of {}",
                rule.name(), inputs.size(), node.inputs.size(), describe(node));
    for (size_t k = 0; k < inputs.size(); ++k) {
      if (!inputs[k].defined()) continue;
      LRPP_ASSERT(rule.reaches(*node.op, static_cast<int>(k)),
                  "rule '{}' sent a signal to input {} of {}, which its `reaches` rules out", rule.name(), k,
                  describe(node));
      LRPP_ASSERT(inputs[k].sizes() == trace_.meta(node.inputs[k]).sizes,
                  "rule '{}' at {} gave input {} a signal of shape {}; the value has {}", rule.name(),
                  describe(node), k, shape_string(inputs[k].sizes()),
                  shape_string(trace_.meta(node.inputs[k]).sizes));
    }
    return inputs;
  }

  void deliver(Value v, SignalKind kind, const Tensor& signal) {
    Tensor& part = kind == SignalKind::multiplier ? at(v).multiplier : at(v).relevance;
    part = add_defined(part, signal.to(trace_.meta(v).options.dtype()));
  }

  /// Nothing reads a node's outputs or signals once the walk has passed it.
  void forget(int index) {
    for (Arrived& a : arrived_[static_cast<size_t>(index)]) a = {};
    if (!ledger_)
      trace_.values[static_cast<size_t>(index)].assign(trace_.metas[static_cast<size_t>(index)].size(), {});
  }

  WalkResult read_out() {
    const Value v = graph_.attributed();
    const Arrived& a = at(v);
    WalkResult result;
    result.multiplier = a.multiplier;
    if (a.multiplier.defined()) result.relevance = trace_.value(v) * a.multiplier;
    result.relevance = add_defined(result.relevance, a.relevance);
    if (!result.relevance.defined()) {
      // No path carries relevance (every one is held): that is a result, and it is zero.
      result.relevance = at::zeros(trace_.meta(v).sizes, trace_.meta(v).options);
    }
    if (ledger_) {
      ledger_->attributed = sum_per_example(result.relevance);
      result.ledger = std::move(ledger_);
    }
    return result;
  }

  void start_ledger(const Tensor& seed) {
    ledger_.emplace();
    const Tensor relevance = trace_.output.to(at::kDouble) * seed.to(at::kDouble);
    ledger_->seed = sum_per_example(relevance);
    ledger_->scale = sum_per_example(relevance.abs());
    const Tensor zero = at::zeros_like(ledger_->seed);
    for (size_t i = 0; i < graph_.nodes().size(); ++i) {
      const RulePtr& rule = plan_.steps[i].rule;
      LedgerRow row{graph_.nodes()[i].name,
                    std::string(graph_.nodes()[i].op->type()),
                    rule ? describe(*rule) : "",
                    zero,
                    zero,
                    zero,
                    zero,
                    zero,
                    zero};
      ledger_->rows.push_back(std::move(row));
    }
  }

  Tensor arrived_relevance(int index) {
    Tensor total = at::zeros_like(ledger_->seed);
    for (int o = 0; o < static_cast<int>(arrived_[static_cast<size_t>(index)].size()); ++o) {
      const Arrived& a = at({index, o});
      if (a.multiplier.defined()) total = total + dot_per_example(trace_.value({index, o}), a.multiplier);
      if (a.relevance.defined()) total = total + sum_per_example(a.relevance);
    }
    return total;
  }

  void close_row(const Node& node, int index, const Rule& rule, const Kept& kept, const Tensors& outputs,
                 const Tensors& inputs, const Tensor& lost) {
    LedgerRow& row = ledger_->rows[static_cast<size_t>(index)];
    const Tensor zero = at::zeros_like(ledger_->seed);
    const auto or_zero = [&](const Tensor& t) { return t.defined() ? t : zero; };
    Tensors values;
    for (const Value& v : node.inputs) values.push_back(trace_.value(v));
    const Absorbed absorbed = rule.absorbed(*node.op, kept, outputs, inputs);
    row.reached = true;
    row.in = arrived_relevance(index);
    row.out = or_zero(total_relevance(rule.gives(), values, inputs));
    row.bias = or_zero(absorbed.bias);
    row.stabilizer = or_zero(add_defined(absorbed.stabilizer, lost));
    row.held = or_zero(absorbed.held);
    row.by_rule = or_zero(absorbed.by_rule);
  }

  /// Relevance that the walk carries no further is read out there, or ends there because a constant is no
  /// input.
  void close_end(int index) {
    bool any = false;
    for (const Arrived& a : arrived_[static_cast<size_t>(index)]) any = any || a.any();
    if (!any) return;
    LedgerRow& row = ledger_->rows[static_cast<size_t>(index)];
    row.reached = true;
    row.in = arrived_relevance(index);
    (graph_.attributed().node == index ? row.out : row.held) = row.in;
  }

  const Graph& graph_;
  const Plan& plan_;
  Trace trace_;
  std::vector<std::vector<Arrived>> arrived_;
  std::optional<Ledger> ledger_;
};

}  // namespace

WalkResult walk(const Graph& graph, const Plan& plan, Trace trace, const Tensor& seed,
                const Progress& progress) {
  const c10::NoGradGuard no_grad;
  LRPP_ASSERT(seed.sizes() == trace.output.sizes(), "the seed has shape {}, the output {}",
              shape_string(seed.sizes()), shape_string(trace.output.sizes()));
  return Walker(graph, plan, std::move(trace)).run(seed, progress);
}

}  // namespace lrpp
