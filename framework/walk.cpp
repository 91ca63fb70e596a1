#include <c10/core/GradMode.h>
#include <lrpp/framework/node_scope.h>
#include <lrpp/framework/walk.h>

namespace lrpp {
namespace {

/// Of the one division that the walk itself makes, relevance into a multiplier: `v`, moved away from 0 where
/// it lies closer than 1e-9. Only there is something lost.
Tensor divisor(const Tensor& v) {
  constexpr double smallest = 1e-9;
  return at::where(v < 0, v.clamp_max(-smallest), v.clamp_min(smallest));
}

/// What has arrived at one value: R = value * multiplier + relevance. Undefined parts are zero.
struct Arrived {
  Tensor multiplier, relevance;
  bool any() const { return multiplier.defined() || relevance.defined(); }
};

class Walker {
 public:
  Walker(const Plan& plan, Trace trace)
      : graph_(plan.graph), plan_(plan), trace_(std::move(trace)), arrived_(plan.graph.nodes().size()) {
    for (size_t i = 0; i < arrived_.size(); ++i) arrived_[i].resize(trace_.metas[i].size());
  }

  WalkResult run(const Tensor& seed, const Progress& progress) {
    at(graph_.output()).multiplier = seed;
    if (plan_.audit) start_ledger(seed);
    const auto count = static_cast<int64_t>(graph_.nodes().size());
    for (int64_t i = count - 1; i >= 0; --i) {
      read_in_passing(static_cast<int>(i));
      compute_again_before(static_cast<int>(i));
      if (carries_on(plan_, static_cast<int>(i))) {
        visit(static_cast<int>(i));
      } else if (ledger_) {
        close_end(static_cast<int>(i));
      }
      if (progress) progress(2 * count - i, 2 * count);
    }
    return read_out();
  }

 private:
  // Of the forward pass, as it is at the rows that are explained.
  Tensor value(Value v) const { return trace_.rows.of(trace_.value(v)); }
  Meta meta(Value v) const { return trace_.rows.of(trace_.meta(v)); }

  Arrived& at(Value v) { return arrived_[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]; }

  /// The arrived signals in the one form that the rule takes; `lost` gets what a division takes.
  Tensors collect(const Node& node, int index, SignalKind kind, Tensor& lost) {
    Tensors signals;
    for (int o = 0; o < node.op->num_outputs(); ++o) {
      const Arrived a = at({index, o});
      if (kind == SignalKind::multiplier && a.relevance.defined()) {
        const Tensor v = value({index, o});
        const Tensor m = a.relevance / divisor(v);
        if (ledger_) lost = add_defined(lost, sum_per_example(a.relevance) - dot_per_example(v, m));
        signals.push_back(add_defined(a.multiplier, m));
      } else if (kind == SignalKind::relevance && a.multiplier.defined()) {
        signals.push_back(add_defined(value({index, o}) * a.multiplier, a.relevance));
      } else {
        signals.push_back(kind == SignalKind::multiplier ? a.multiplier : a.relevance);
      }
    }
    return signals;
  }

  /// The walk comes to the node that ends a segment, which may read values of it that were not kept.
  void compute_again_before(int index) {
    if (segment_ == 0 || plan_.segments[segment_ - 1].last != index) return;
    --segment_;
    const Segment again = std::move(trace_.again[segment_]);
    if (!again.again.empty()) compute_again(plan_, again, trace_);
  }

  void visit(int index) {
    const Node& node = graph_.node(index);
    const NodeScope scope(Pass::walk, node);
    const Rule& rule = *plan_.steps[static_cast<size_t>(index)].rule;
    bool multiplier = false, relevance = false;
    for (const Arrived& a : arrived_[static_cast<size_t>(index)]) {
      multiplier = multiplier || a.multiplier.defined();
      relevance = relevance || a.relevance.defined();
    }
    if (multiplier || relevance) {
      if (ledger_) open_row(index);
      if (const auto taken = rule.takes(*node.op)) {
        Tensor lost;
        const Tensors outputs = collect(node, index, *taken, lost);
        pass(node, index, rule, *taken, rule.gives(*node.op), outputs);
        if (lost.defined()) row(index).stabilizer = row(index).stabilizer + lost;
      } else {
        if (multiplier)
          pass(node, index, rule, SignalKind::multiplier, SignalKind::multiplier,
               parts(index, &Arrived::multiplier));
        if (relevance)
          pass(node, index, rule, SignalKind::relevance, SignalKind::relevance,
               parts(index, &Arrived::relevance));
      }
    }
    forget(index);
  }

  Tensors parts(int index, Tensor Arrived::*part) const {
    Tensors found;
    for (const Arrived& a : arrived_[static_cast<size_t>(index)]) found.push_back(a.*part);
    return found;
  }

  /// Sends one kind of signal through the node and hands the result to its inputs.
  void pass(const Node& node, int index, const Rule& rule, SignalKind taken, SignalKind given,
            const Tensors& outputs) {
    const Kept kept = trace_.kept(node, index);
    const Tensors inputs = propagate(node, rule, kept, outputs);
    if (ledger_) enter(node, index, rule, kept, {taken, given, outputs, inputs});
    for (size_t k = 0; k < inputs.size(); ++k) {
      if (inputs[k].defined()) deliver(node.inputs[k], given, inputs[k]);
    }
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
      LRPP_ASSERT(inputs[k].sizes() == meta(node.inputs[k]).sizes,
                  "rule '{}' at {} gave input {} a signal of shape {}; the value has {}", rule.name(),
                  describe(node), k, shape_string(inputs[k].sizes()),
                  shape_string(meta(node.inputs[k]).sizes));
    }
    return inputs;
  }

  void deliver(Value v, SignalKind kind, const Tensor& signal) {
    Tensor& part = kind == SignalKind::multiplier ? at(v).multiplier : at(v).relevance;
    part = add_defined(part, signal.to(meta(v).options.dtype()));
  }

  /// Nothing reads a node's outputs or signals once the walk has passed it.
  void forget(int index) {
    for (Arrived& a : arrived_[static_cast<size_t>(index)]) a = {};
    if (!ledger_)
      trace_.values[static_cast<size_t>(index)].assign(trace_.metas[static_cast<size_t>(index)].size(), {});
  }

  /// All that can arrive at node `index` has arrived.
  void read_in_passing(int index) {
    if (graph_.tokens() && graph_.tokens()->node == index) tokens_ = read(*graph_.tokens());
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Value v = graph_.layers()[i].value;
      if (v.node == index) layers_[i] = read(v);
    }
  }

  Reading read(Value v) {
    const Arrived& a = at(v);
    Reading reading;
    if (!a.relevance.defined()) reading.multiplier = a.multiplier;
    if (a.multiplier.defined()) reading.relevance = value(v) * a.multiplier;
    reading.relevance = add_defined(reading.relevance, a.relevance);
    if (!reading.relevance.defined()) {
      // No path carries relevance (every one is held): that is a result, and it is zero.
      reading.relevance = at::zeros(meta(v).sizes, meta(v).options);
    }
    return reading;
  }

  WalkResult read_out() {
    WalkResult result;
    result.input = read(graph_.attributed());
    result.tokens = std::move(tokens_);
    result.layers = std::move(layers_);
    if (ledger_) {
      ledger_->attributed = sum_per_example(result.input.relevance);
      result.ledger = std::move(ledger_);
    }
    return result;
  }

  void start_ledger(const Tensor& seed) {
    ledger_.emplace();
    const Tensor relevance = trace_.rows.of(trace_.output).to(at::kDouble) * seed.to(at::kDouble);
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
      if (a.multiplier.defined()) total = total + dot_per_example(value({index, o}), a.multiplier);
      if (a.relevance.defined()) total = total + sum_per_example(a.relevance);
    }
    return total;
  }

  LedgerRow& row(int index) { return ledger_->rows[static_cast<size_t>(index)]; }

  void open_row(int index) {
    row(index).reached = true;
    row(index).in = arrived_relevance(index);
  }

  /// Adds what one passage gave its inputs, and the rule's claims, to the node's row.
  void enter(const Node& node, int index, const Rule& rule, const Kept& kept, const Passage& passage) {
    Tensors values;
    for (const Value& v : node.inputs) values.push_back(value(v));
    const Absorbed absorbed = rule.absorbed(*node.op, kept, passage);
    LedgerRow& to = row(index);
    to.out = add_defined(to.out, total_relevance(passage.given, values, passage.inputs));
    to.bias = add_defined(to.bias, absorbed.bias);
    to.stabilizer = add_defined(to.stabilizer, absorbed.stabilizer);
    to.held = add_defined(to.held, absorbed.held);
    to.by_rule = add_defined(to.by_rule, absorbed.by_rule);
  }

  /// Relevance that the walk carries no further is read out there, or ends there because a constant is no
  /// input.
  void close_end(int index) {
    bool any = false;
    for (const Arrived& a : arrived_[static_cast<size_t>(index)]) any = any || a.any();
    if (!any) return;
    open_row(index);
    (graph_.attributed().node == index ? row(index).out : row(index).held) = row(index).in;
  }

  const Graph& graph_;
  const Plan& plan_;
  Trace trace_;
  std::vector<std::vector<Arrived>> arrived_;
  size_t segment_ = plan_.segments.size();  ///< those before it have not been walked through
  std::optional<Ledger> ledger_;
  std::optional<Reading> tokens_;
  std::vector<Reading> layers_{graph_.layers().size()};
};

}  // namespace

WalkResult walk(const Plan& plan, Trace trace, const Tensor& seed, const Progress& progress) {
  const c10::NoGradGuard no_grad;
  const Meta output = trace.rows.of(Meta::of(trace.output));
  LRPP_ASSERT(seed.sizes() == output.sizes, "the seed has shape {}, the output at the walk's rows {}",
              shape_string(seed.sizes()), shape_string(output.sizes));
  return Walker(plan, std::move(trace)).run(seed, progress);
}

}  // namespace lrpp
