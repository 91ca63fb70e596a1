#include <c10/core/GradMode.h>
#include <lrpp/framework/graph_copy.h>
#include <lrpp/framework/methods/probe.h>
#include <lrpp/framework/methods/spread.h>

#include <algorithm>
#include <optional>

namespace lrpp {
namespace {

/// Each entry `times` times side by side: [n,...] -> [B times n/B,...], where n is a multiple of B. Several
/// positions of an example stay together.
Tensor repeated(const Tensor& t, int64_t examples, int64_t times) {
  if (times == 1) return t;
  return t.unflatten(0, {examples, -1}).repeat_interleave(times, 0).flatten(0, 1);
}

}  // namespace

Graph fed_with_values(const Graph& graph) {
  const Value at = graph.attributed();
  GraphCopy copy(graph);
  if (copy.is_input(at.node)) return graph;
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    if (i == at.node) {
      copy.feed(i);
    } else {
      copy.copy(i);
    }
  }
  return std::move(copy).finish();
}

Tensor values_at(const Graph& graph, const Inputs& inputs) {
  const Node& node = graph.node(graph.attributed().node);
  if (const auto given = inputs.find(node.name); given != inputs.end()) return given->second;
  Tensors arguments;
  for (const Value& v : node.inputs) {
    const auto input = inputs.find(graph.node(v.node).name);
    require(input != inputs.end(), "method", "{} must read the model's inputs alone; it reads {}",
            describe(node), describe(graph.node(v.node)));
    arguments.push_back(input->second);
  }
  return node.op->forward(arguments).at(static_cast<size_t>(graph.attributed().output));
}

Probe::Probe(const Model& model, const Plan& forward, const Inputs& inputs, const ExplainOptions& options)
    : fed_(model.graph.node(model.graph.attributed().node).name), inputs_(inputs) {
  const c10::NoGradGuard no_grad;
  for (const auto& [name, value] : model.graph.inputs()) {
    require(inputs.contains(name) && inputs.at(name).defined(), "method", "the model needs the input '{}'",
            name);
  }
  values = values_at(model.graph, inputs);
  Trace trace = lrpp::forward(forward, inputs_with(values));
  require(trace.output.dim() == 2, "method", "the graph's output must have shape [B, C]; got {}",
          shape_string(trace.output.sizes()));
  attribution.target = resolve_targets(options.targets, trace.output, trace.rows.of(options.given_target),
                                       model.labels, options.lookup);
  const Rows rows = trace.rows.times(attribution.target.target.size(0) / trace.output.size(0));
  attribution.logits = rows.of(trace.output);
  attribution.example = rows.of(at::arange(rows.examples(), at::kLong));
  if (inputs.contains("position")) attribution.position = rows.of(inputs.at("position"));
  attribution.score = target_score(attribution.logits, attribution.target);
}

Inputs Probe::inputs_with(const Tensor& changed) const {
  const int64_t times = changed.size(0) / values.size(0);
  Inputs result;
  for (const auto& [name, tensor] : inputs_) result[name] = repeated(tensor, values.size(0), times);
  result[fed_] = changed;
  return result;
}

TargetIndex Probe::targets(int64_t versions) const {
  const TargetIndex& index = attribution.target;
  return {repeated(index.target, examples(), versions),
          index.contrast.defined() ? repeated(index.contrast, examples(), versions) : Tensor()};
}

Tensor Probe::scores(const Plan& forward, const Tensor& changed) const {
  const int64_t versions = changed.size(0) / examples();
  const Trace trace = lrpp::forward(forward, inputs_with(changed));
  const TargetIndex index = targets(versions);
  const Rows rows = trace.rows.times(index.target.size(0) / trace.output.size(0));
  return target_score(rows.of(trace.output), index).view({examples(), versions, rows_per_example()});
}

Tensor Probe::of_rows(const Tensor& per_example) const {
  return repeated(per_example, examples(), rows_per_example());
}

Attribution Probe::finish(Tensor relevance, Start start) && {
  if (start == Start::one) {
    require(attribution.score.ne(0).all().item<bool>(), "start",
            "relevance one cannot be put on a target whose logit is exactly 0; use --start logit");
    std::vector<int64_t> per_row(static_cast<size_t>(relevance.dim()), 1);
    per_row[0] = -1;
    relevance = relevance / attribution.score.view(per_row).to(relevance.scalar_type());
  }
  require(
      relevance.isfinite().all().item<bool>(), "method",
      "relevance must be finite; the model's output is not at some of the values tried. Use a wider dtype");
  if (relevance.dim() == 3) attribution.relevance_token = relevance.sum(-1);
  attribution.relevance = std::move(relevance);
  return std::move(attribution);
}

Attribution Probe::finish_tokens(const Graph& graph, const Tensor& relevance, Start start) && {
  Tensor tokens = start == Start::one ? relevance / attribution.score.unsqueeze(1) : relevance;
  Attribution result = std::move(*this).finish(spread_over_values(graph, values, relevance), start);
  result.relevance_token = std::move(tokens);  // not summed over shares, which would round
  return result;
}

int64_t versions_together(int64_t batch, int64_t examples) {
  require(batch >= 1, "method", "'batch' must be at least 1; got {}", batch);
  return std::max<int64_t>(1, batch / examples);
}

std::vector<uint64_t> example_seeds(int64_t seed, const Inputs& inputs) {
  // FNV-1a over the bytes of each example, which differ wherever examples do.
  const auto mix = [](uint64_t hash, const void* data, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i)
      hash = (hash ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3u;
    return hash;
  };
  const bool reads = inputs.contains("input_ids");
  const Tensor content = inputs.at(reads ? "input_ids" : "pixel_values").cpu().contiguous();
  std::vector<uint64_t> seeds;
  for (int64_t b = 0; b < content.size(0); ++b) {
    Tensor row = content[b];
    if (reads && inputs.contains("attention_mask"))
      row = row.masked_select(inputs.at("attention_mask")[b].cpu().ne(0));
    if (!reads) row = row.to(at::kFloat).contiguous();
    const uint64_t start = mix(0xcbf29ce484222325u, &seed, sizeof seed);
    seeds.push_back(mix(start, row.const_data_ptr(), row.nbytes()));
  }
  return seeds;
}

}  // namespace lrpp
