#include <c10/core/GradMode.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/version.h>
#include <torch/version.h>

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

}  // namespace

Attribution explain(const Plan& plan, const std::map<std::string, Tensor>& inputs,
                    const std::vector<std::string>& labels, const ExplainOptions& options) {
  const c10::NoGradGuard no_grad;
  Trace trace = forward(plan, inputs, options.progress);
  Attribution result;
  result.logits = trace.output;
  require(result.logits.dim() == 2, "explain", "the graph's output must have shape [B, C]; got {}",
          shape_string(result.logits.sizes()));
  result.target = resolve_target(options.target, result.logits, options.given_target, labels, options.lookup);
  result.score = target_score(result.logits, result.target);
  const Tensor seed = make_seed(result.logits, result.target, options.start);
  WalkResult walked = walk(plan, std::move(trace), seed, options.progress);
  result.ledger = std::move(walked.ledger);
  result.relevance = read_out(plan, walked.input);
  require(result.relevance.isfinite().all().item<bool>(), "explain",
          "relevance must be finite; rule parameters or dtype let it overflow. Use a stabiliser or a wider "
          "dtype");
  if (walked.tokens) {
    result.relevance_token = read_out(plan, *walked.tokens).sum(-1);
  } else if (result.relevance.dim() == 3) {
    result.relevance_token = result.relevance.sum(-1);
  }
  return result;
}

Json rules_record(const Plan& plan) {
  Json rules = Json::array();
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Node& node = plan.graph.nodes()[i];
    Json entry = {{"node", node.name}, {"op", node.op->type()}};
    if (plan.steps[i].rule) {
      entry["rule"] = plan.steps[i].rule->name();
      entry["parameters"] = plan.steps[i].rule->parameters();
    } else {
      entry["rule"] = nullptr;
    }
    rules.push_back(std::move(entry));
  }
  return rules;
}

Json rewrites_record(const Plan& plan) {
  Json rewrites = Json::array();
  for (const Plan::Rewrite& rewrite : plan.rewrites)
    rewrites.push_back({{"canonizer", rewrite.canonizer}, {"nodes", rewrite.nodes}});
  return rewrites;
}

Json provenance(const Model& model, const Plan& plan, const ExplainOptions& options) {
  return {{"model_type", model.model_type},
          {"task", model.task},
          {"composite", {{"name", plan.composite}, {"arguments", plan.arguments}}},
          {"target", options.target},
          {"start", to_string(options.start)},
          {"dtype", dtype_name(model.dtype)},
          {"device", model.device.str()},
          {"versions", {{"lrpp", version_string}, {"torch", TORCH_VERSION}}},
          {"canonizers", rewrites_record(plan)},
          {"rules", rules_record(plan)}};
}

}  // namespace lrpp
