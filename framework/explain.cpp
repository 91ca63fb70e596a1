#include <c10/core/GradMode.h>
#include <lrpp/framework/dtype.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/version.h>
#include <torch/version.h>

namespace lrpp {

Attribution explain(const Graph& graph, const Plan& plan, const std::map<std::string, Tensor>& inputs,
                    const std::vector<std::string>& labels, const ExplainOptions& options) {
  const c10::NoGradGuard no_grad;
  Trace trace = forward(graph, plan, inputs, options.progress);
  Attribution result;
  result.logits = trace.output;
  require(result.logits.dim() == 2, "explain", "the graph's output must have shape [B, C]; got {}",
          shape_string(result.logits.sizes()));
  result.target = resolve_target(options.target, result.logits, options.given_target, labels, options.lookup);
  result.score = target_score(result.logits, result.target);
  const Tensor seed = make_seed(result.logits, result.target, options.start);
  const Meta input = trace.meta(graph.attributed());
  WalkResult walked = walk(graph, plan, std::move(trace), seed, options.progress);
  result.ledger = std::move(walked.ledger);
  result.relevance = walked.relevance;
  if (plan.readout == Readout::multiplier) {
    require(walked.multiplier.defined(), "explain",
            "composite '{}' reads out the multiplier, but its rules hand the inputs relevance; change those "
            "rules",
            plan.composite);
    result.relevance = walked.multiplier;
  }
  require(result.relevance.isfinite().all().item<bool>(), "explain",
          "relevance must be finite; rule parameters or dtype let it overflow. Use a stabiliser or a wider "
          "dtype");
  if (result.relevance.dim() == 3) result.relevance_token = result.relevance.sum(-1);
  return result;
}

Json provenance(const Model& model, const Plan& plan, const ExplainOptions& options) {
  Json rules = Json::array();
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const Node& node = model.graph.nodes()[i];
    Json entry = {{"node", node.name}, {"op", node.op->type()}};
    if (plan.steps[i].rule) {
      entry["rule"] = plan.steps[i].rule->name();
      entry["parameters"] = plan.steps[i].rule->parameters();
    } else {
      entry["rule"] = nullptr;
    }
    rules.push_back(std::move(entry));
  }
  return {{"model_type", model.model_type},
          {"task", model.task},
          {"composite", {{"name", plan.composite}, {"arguments", plan.arguments}}},
          {"target", options.target},
          {"start", to_string(options.start)},
          {"dtype", dtype_name(model.dtype)},
          {"device", model.device.str()},
          {"versions", {{"lrpp", version_string}, {"torch", TORCH_VERSION}}},
          {"rules", std::move(rules)}};
}

}  // namespace lrpp
