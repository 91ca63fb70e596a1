#include <c10/core/GradMode.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/version.h>
#include <torch/version.h>

#include <algorithm>

namespace lrpp {
namespace {

Tensor read_out(const Plan& plan, const Reading& reading) {
  if (plan.readout == Readout::relevance) return reading.relevance;
  require(
      reading.multiplier.defined(), "explain",
      "composite '{}' reads out the multiplier, but its rules hand the inputs relevance; change those rules",
      plan.composite);
  return reading.multiplier;
}

/// Enters what a walk over `rows` read between layers. Places without tokens or pixels, such as those between
/// the layers of a classifier's head, are left out.
void enter_layers(std::vector<LayerRelevance>& to, const Plan& plan, const std::vector<Reading>& readings,
                  const Rows& rows) {
  size_t entered = 0;
  for (size_t i = 0; i < readings.size(); ++i) {
    const Tensor relevance = read_out(plan, readings[i]);
    if (relevance.dim() < 3) continue;
    if (entered == to.size()) to.push_back({plan.graph.layers()[i].name, {}});
    rows.put(to[entered++].relevance, relevance.sum(relevance.dim() == 3 ? -1 : 1));
  }
}

/// The elements that the largest tensor of a walk may have where the caller leaves it to us.
constexpr int64_t most_elements = int64_t{1} << 25;

/// Of the largest value that signals reach, the elements of one row.
int64_t elements_of_a_row(const Plan& plan, const Trace& trace) {
  int64_t largest = 1;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    if (!plan.steps[i].reached) continue;
    for (const Meta& meta : trace.metas[i]) {
      if (meta.sizes.empty()) continue;
      largest = std::max(largest, c10::multiply_integers(meta.sizes) / std::max<int64_t>(meta.sizes[0], 1));
    }
  }
  return largest;
}

/// How many rows of each example walk back together.
int64_t rows_together(const Plan& plan, const Trace& trace, const Rows& rows, int64_t asked) {
  require(asked >= 0, "explain", "rows_at_once must be at least 0; got {}", asked);
  if (asked == 0) asked = most_elements / elements_of_a_row(plan, trace);
  return std::clamp<int64_t>(asked / rows.examples(), 1, rows.per_example());
}

/// Half of the progress is the forward pass, and half are the walks together, of which this is one.
Progress progress_of_part(const Progress& progress, int64_t part, int64_t parts) {
  if (!progress) return {};
  return [&progress, part, parts](int64_t done, int64_t total) {
    progress(total / 2 * (parts + part) + done - total / 2, total * parts);
  };
}

Trace run_forward(const Plan& plan, const std::map<std::string, Tensor>& inputs,
                  const ExplainOptions& options, LateChecks& checks) {
  Trace trace = forward(plan, inputs, options.progress, options.memory, checks);
  require(trace.output.dim() == 2, "explain", "the graph's output must have shape [B, C]; got {}",
          shape_string(trace.output.sizes()));
  return trace;
}

Attribution walk_back(const Plan& plan, const std::map<std::string, Tensor>& inputs, Trace trace,
                      TargetIndex target, const ExplainOptions& options, LateChecks& checks) {
  Attribution result;
  result.target = std::move(target);
  const Rows rows = trace.rows.times(result.target.target.size(0) / trace.output.size(0));
  result.logits = rows.of(trace.output);
  result.example = rows.of(at::arange(rows.examples(), at::kLong));
  if (inputs.contains("position")) result.position = rows.of(inputs.at("position"));
  const int64_t all = rows.per_example(), together = rows_together(plan, trace, rows, options.rows_at_once);
  const int64_t parts = (all + together - 1) / together;
  for (int64_t i = 0; i < parts; ++i) {
    const Rows these = rows.part(i * together, std::min((i + 1) * together, all));
    Trace part = i + 1 < parts ? trace : std::move(trace);
    part.rows = these;
    const Tensor logits = these.of(part.output);
    const TargetIndex index{these.of(result.target.target), these.of(result.target.contrast)};
    these.put(result.score, target_score(logits, index));
    WalkResult walked = walk(plan, std::move(part), make_seed(logits, index, options.start, checks),
                             progress_of_part(options.progress, i, parts));
    if (walked.ledger) enter_rows(result.ledger, std::move(*walked.ledger), these);
    const Tensor relevance = read_out(plan, walked.input);
    checks.add_finite(relevance, [] {
      fail("explain",
           "relevance must be finite; rule parameters or dtype let it overflow. Use a stabiliser or a wider "
           "dtype");
    });
    these.put(result.relevance, relevance);
    enter_layers(result.layers, plan, walked.layers, these);
    if (walked.tokens) {
      these.put(result.relevance_token, read_out(plan, *walked.tokens).sum(-1));
    } else if (relevance.dim() == 3) {
      these.put(result.relevance_token, relevance.sum(-1));
    }
  }
  return result;
}

}  // namespace

Attribution explain(const Plan& plan, const std::map<std::string, Tensor>& inputs,
                    const std::vector<std::string>& labels, const ExplainOptions& options) {
  LateChecks checks;
  Attribution result = explain(plan, inputs, labels, options, checks);
  checks.settle();
  return result;
}

Attribution explain(const Plan& plan, const std::map<std::string, Tensor>& inputs,
                    const std::vector<std::string>& labels, const ExplainOptions& options,
                    LateChecks& checks) {
  const c10::NoGradGuard no_grad;
  Trace trace = run_forward(plan, inputs, options, checks);
  TargetIndex target = resolve_targets(options.targets, trace.output, trace.rows.of(options.given_target),
                                       labels, options.lookup);
  return walk_back(plan, inputs, std::move(trace), std::move(target), options, checks);
}

Attribution explain_targets(const Plan& plan, const std::map<std::string, Tensor>& inputs,
                            const TargetIndex& target, const ExplainOptions& options) {
  const c10::NoGradGuard no_grad;
  LateChecks checks;
  Attribution result =
      walk_back(plan, inputs, run_forward(plan, inputs, options, checks), target, options, checks);
  checks.settle();
  return result;
}

Json rules_record(const Plan& plan) {
  Json rules = Json::array();
  const auto add = [&](const Node& node, const RulePtr& rule) {
    Json entry = {{"node", node.name}, {"op", node.op->type()}};
    if (rule) {
      entry["rule"] = rule->name();
      entry["parameters"] = rule->parameters();
    } else {
      entry["rule"] = nullptr;
    }
    rules.push_back(std::move(entry));
  };
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Node& node = plan.graph.nodes()[i];
    if (const auto* fused = dynamic_cast<const FusedOp*>(node.op.get())) {
      for (const FusedPart& part : fused->parts().parts()) add(part.node, part.rule);
    } else {
      add(node, plan.steps[i].rule);
    }
  }
  return rules;
}

Json rewrites_record(const Plan& plan) {
  Json rewrites = Json::array();
  for (const Plan::Rewrite& rewrite : plan.rewrites)
    rewrites.push_back({{"canonizer", rewrite.canonizer}, {"nodes", rewrite.nodes}});
  return rewrites;
}

Json provenance(const Model& model, const std::string& kind, Json how, const ExplainOptions& options) {
  return {{"model_type", model.model_type},
          {"task", model.task},
          {kind, std::move(how)},
          {"target", options.targets.size() == 1 ? Json(options.targets[0]) : Json(options.targets)},
          {"start", to_string(options.start)},
          {"dtype", dtype_name(model.dtype)},
          {"device", model.device.str()},
          {"versions", {{"lrpp", version_string}, {"torch", TORCH_VERSION}}}};
}

Json provenance(const Model& model, const Plan& plan, const ExplainOptions& options) {
  Json record =
      provenance(model, "composite", {{"name", plan.composite}, {"arguments", plan.arguments}}, options);
  record["canonizers"] = rewrites_record(plan);
  record["rules"] = rules_record(plan);
  return record;
}

}  // namespace lrpp
