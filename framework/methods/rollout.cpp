#include <c10/core/GradMode.h>
#include <fmt/ranges.h>
#include <lrpp/framework/methods/random.h>
#include <lrpp/framework/methods/rollout.h>

#include <algorithm>

namespace lrpp {
namespace {

/// The rule of a node, and someone who is told what arrives there.
class Listener final : public Rule {
 public:
  using Told = std::function<void(const Op& op, const Kept& kept, const Tensor& signal)>;
  Listener(RulePtr rule, Needs more, Told told)
      : rule_(std::move(rule)), more_(std::move(more)), told_(std::move(told)) {}
  std::string_view name() const override { return rule_->name(); }
  std::string rejects(const Op& op) const override { return rule_->rejects(op); }
  Needs needs(const Op& op) const override { return rule_->needs(op) + more_; }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override {
    if (outputs.at(0).defined()) told_(op, kept, outputs[0]);
    return rule_->propagate(op, kept, outputs);
  }

 private:
  RulePtr rule_;
  Needs more_;
  Told told_;
};

std::vector<Mixer> all_of(const std::vector<std::vector<Mixer>>& layers) {
  std::vector<Mixer> all;
  for (const auto& layer : layers) all.insert(all.end(), layer.begin(), layer.end());
  return all;
}

}  // namespace

Tensor through_layer(const Tensor& rows, const Tensor& mixing, bool divide) {
  Tensor weights = rows;
  if (divide) {
    const Tensor step = mixing + at::eye(mixing.size(1), mixing.options());
    // A row that is nothing at all passes nothing on.
    const Tensor total = step.abs().sum(-1);
    weights = at::where(total.eq(0), at::zeros_like(rows), rows / total);
  }
  return weights + at::matmul(weights.unsqueeze(1), mixing).squeeze(1);
}

TokenMixing attention_mixing() {
  return {"softmax", Needs::only_outputs({0}), [](const Op&, const Kept& kept, const Tensor& gradient) {
            const Tensor& shares = kept.output(0);
            if (!gradient.defined()) return shares.mean(1);
            return (shares * gradient).clamp_min(0).mean(1);
          }};
}

const TokenMixing& Rollout::mixing(const Op& op) const {
  return *std::find_if(description_.mixing.begin(), description_.mixing.end(),
                       [&](const TokenMixing& mixing) { return mixing.op == op.type(); });
}

std::shared_ptr<const Rollout::Layers> Rollout::layers(const Model& model) const {
  return layers_.of(model.graph, [&](const Graph& graph) {
    std::set<std::string> types;
    for (const TokenMixing& mixing : description_.mixing) types.insert(mixing.op);
    const Graph fed = fed_with_values(graph);
    Layers layers{find_mixing_layers(fed, types), {}};
    std::vector<Value> keep;
    for (const Mixer& mixer : all_of(layers.mixers)) {
      const Needs needs = mixing(*fed.node(mixer.node).op).needs;
      for (int i : needs.inputs) keep.push_back(fed.node(mixer.node).inputs.at(static_cast<size_t>(i)));
      for (int o : needs.outputs) keep.push_back({mixer.node, o});
    }
    layers.forward = make_forward_plan(fed, description_.gradient ? std::vector<Value>{} : keep);
    return layers;
  });
}

std::string Rollout::rejects(const Model& model) const {
  std::vector<std::string> known;
  for (const TokenMixing& mixing : description_.mixing) known.push_back(mixing.op);
  const auto is_among = [](const std::vector<std::string>& types, const Node& node) {
    return std::find(types.begin(), types.end(), node.op->type()) != types.end();
  };
  for (const Node& node : model.graph.nodes()) {
    // Experts are chosen for each token alone.
    if (node.op->kind() == OpKind::held_linear && node.op->type() != "expert_combine" &&
        !is_among(known, node))
      return fmt::format("it follows {}, and here {} lets tokens see each other too", fmt::join(known, ", "),
                         describe(node));
  }
  const std::vector<std::string>& needed = description_.needed.empty() ? known : description_.needed;
  const std::shared_ptr<const Layers> layers = this->layers(model);
  const std::vector<Mixer> mixers = all_of(layers->mixers);
  if (std::none_of(mixers.begin(), mixers.end(), [&](const Mixer& mixer) {
        return is_among(needed, layers->forward.graph.node(mixer.node));
      }))
    return fmt::format("it follows {}, and the model has none", fmt::join(needed, ", "));
  if (find_answer(model.graph) < 0) return "it needs a model in which some tokens answer for all";
  if (model.image && !model.graph.tokens()) return "it needs tokens, and this model sees pixels alone";
  return {};
}

std::map<int, Tensor> Rollout::matrices(const Model& model, const Layers& layers, const Probe& probe) const {
  Trace trace = forward(layers.forward, probe.inputs_with(probe.values));
  trace.rows = {};  // one matrix for each example, whatever its positions
  std::map<int, Tensor> result;
  for (const Mixer& mixer : all_of(layers.mixers)) {
    const Node& node = layers.forward.graph.node(mixer.node);
    result[mixer.node] = probe.of_rows(mixing(*node.op).matrix(*node.op, trace.kept(node, mixer.node), {}));
  }
  return result;
}

std::map<int, Tensor> Rollout::weighted_matrices(const Model& model, const Layers& layers,
                                                 const Probe& probe) const {
  const Graph& graph = layers.forward.graph;
  std::map<int, Tensor> result;
  Composite composite = *description_.gradient;
  composite.fusions.clear();
  std::vector<Composite::Entry> entries;
  const std::vector<RulePtr> rules = assign_rules(graph, composite);
  // One entry for each node, in the graph's own order.
  for (size_t i = 0; i < rules.size(); ++i) {
    RulePtr rule = rules[i];
    if (!rule) continue;
    const int node = static_cast<int>(i);
    const std::vector<Mixer> mixers = all_of(layers.mixers);
    if (std::any_of(mixers.begin(), mixers.end(), [&](const Mixer& m) { return m.node == node; })) {
      const TokenMixing& mixing = this->mixing(*graph.node(node).op);
      rule = std::make_shared<Listener>(rule, mixing.needs,
                                        [&, node](const Op& op, const Kept& kept, const Tensor& gradient) {
                                          result[node] = mixing.matrix(op, kept, gradient);
                                        });
    }
    entries.push_back({Match{.name = graph.node(node).name}, rule});
  }
  // A longer name may end like a shorter one, and a pattern is held against the ends of names too.
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.match.name->size() > b.match.name->size(); });
  composite.entries = std::move(entries);
  // As an audit's, the plan leaves the graph as it stands: with the token picked early, the last layer would
  // have no matrix.
  Plan plan = make_plan(graph, composite, /*audit=*/true);
  plan.audit = false;
  ExplainOptions together;
  together.rows_at_once = probe.attribution.logits.size(0);
  explain_targets(plan, probe.inputs_with(probe.values), probe.targets(1), together);
  return result;
}

Attribution Rollout::explain(const Model& model, const std::map<std::string, Tensor>& inputs,
                             const ExplainOptions& options) const {
  require_no_start(*this, options.start);
  require_serves(*this, model);
  const c10::NoGradGuard no_grad;
  const auto layers = this->layers(model);
  Probe probe(model, layers->forward, inputs, options);
  const bool weighted = description_.gradient.has_value();
  const std::map<int, Tensor> all =
      weighted ? weighted_matrices(model, *layers, probe) : matrices(model, *layers, probe);
  Tensor rows;
  for (auto layer = layers->mixers.rbegin(); layer != layers->mixers.rend(); ++layer) {
    Tensor sum;
    for (const Mixer& mixer : *layer) {
      if (!all.contains(mixer.node)) continue;
      const Tensor& matrix = all.at(mixer.node);
      sum = add_defined(sum, mixer.reversed ? matrix.flip({1, 2}) : matrix);
    }
    if (!sum.defined()) continue;
    if (!rows.defined()) {
      rows =
          answering_tokens(model.graph, probe.attribution.position, sum.size(0), sum.size(1), sum.options());
    }
    rows = through_layer(rows, sum / static_cast<double>(layer->size()), /*divide=*/!weighted);
  }
  require(rows.defined(), "method " + name(),
          "no gradient reaches any layer that mixes tokens; what is explained does not rest on them");
  return std::move(probe).finish_tokens(model.graph, rows, options.start);
}

}  // namespace lrpp
