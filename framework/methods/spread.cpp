#include <c10/core/GradMode.h>
#include <lrpp/framework/methods/spread.h>

#include <map>

namespace lrpp {
namespace {

/// Passes relevance of patches back through what projects them, in equal shares.
Tensor share_out(const Op& op, const Kept& kept, const Tensor& relevance) {
  const auto everywhere_one =
      op.linear_map(kept)->with_weights([](const Tensor& w) { return at::ones_like(w); });
  const Tensor seen = everywhere_one->apply(at::ones_like(kept.input(0)));
  return everywhere_one->transpose(relevance / seen);
}

class Spreader {
 public:
  Spreader(const Graph& graph, const Tensor& values, const Tensor& token_relevance) : graph_(graph) {
    const Value from = graph.attributed(), to = *graph.tokens();
    const int64_t rows = token_relevance.size(0);
    // What the values are does not matter, only their shapes.
    std::vector<int64_t> sizes = values.sizes().vec();
    sizes[0] = rows;
    made_[from] = at::zeros(sizes, token_relevance.options().dtype(values.scalar_type()));
    for (int i = from.node + 1; i <= to.node; ++i) run(i);
    const Tensor& tokens = made_.at(to);
    const double channels = static_cast<double>(tokens.size(2));
    arrived_[to] = (token_relevance / channels).to(tokens.scalar_type()).unsqueeze(-1).expand_as(tokens);
    for (int i = to.node; i > from.node; --i) walk_back(i);
  }

  Tensor result() const { return arrived_.at(graph_.attributed()); }

 private:
  /// Nodes that rest on the pixels; parameters need only their number of rows.
  void run(int i) {
    const Node& node = graph_.node(i);
    Tensors inputs;
    for (const Value& v : node.inputs) {
      if (!made_.contains(v)) return;
      inputs.push_back(made_.at(v));
    }
    if (inputs.empty()) return;
    const Tensors outputs = node.op->forward(inputs);
    for (size_t o = 0; o < outputs.size(); ++o) made_[{i, static_cast<int>(o)}] = outputs[o];
  }

  void walk_back(int i) {
    const Node& node = graph_.node(i);
    Tensors inputs, outputs, signals;
    bool any = false;
    for (int o = 0; o < node.op->num_outputs(); ++o) {
      const Value v{i, o};
      const bool here = arrived_.contains(v);
      signals.push_back(here ? arrived_.at(v) : Tensor());
      outputs.push_back(made_.contains(v) ? made_.at(v) : Tensor());
      any = any || here;
    }
    if (!any || node.op->kind() == OpKind::source) return;
    for (const Value& v : node.inputs) inputs.push_back(made_.at(v));
    const Kept kept = Kept::all(inputs, outputs);
    const Tensors given = node.op->kind() == OpKind::wiring
                              ? node.op->vjp(kept, signals)
                              : Tensors{share_out(*node.op, kept, signals.at(0))};
    for (size_t k = 0; k < given.size(); ++k) {
      if (!given[k].defined()) continue;
      const Value v = node.inputs[k];
      arrived_[v] = arrived_.contains(v) ? arrived_.at(v) + given[k] : given[k];
    }
  }

  const Graph& graph_;
  std::map<Value, Tensor> made_, arrived_;
};

}  // namespace

Tensor spread_over_values(const Graph& graph, const Tensor& values, const Tensor& token_relevance) {
  const c10::NoGradGuard no_grad;
  if (values.dim() == 3) {
    const Tensor share = token_relevance / static_cast<double>(values.size(2));
    return share.unsqueeze(-1).expand({token_relevance.size(0), values.size(1), values.size(2)});
  }
  require(graph.tokens().has_value(), "method",
          "a model that sees needs tokens for relevance of tokens to be shown on its pixels");
  return Spreader(graph, values, token_relevance).result();
}

}  // namespace lrpp
