#include <c10/core/GradMode.h>
#include <lrpp/framework/forward.h>
#include <lrpp/framework/io/suggest.h>

namespace lrpp {
namespace {

void check_inputs(const Graph& graph, const std::map<std::string, Tensor>& inputs) {
  std::vector<std::string> known;
  for (const auto& [name, value] : graph.inputs()) {
    known.push_back(name);
    require(inputs.contains(name) && inputs.at(name).defined(), "forward", "the model needs the input '{}'",
            name);
  }
  for (const auto& [name, tensor] : inputs) {
    require(graph.inputs().contains(name), "forward", "the model has no input '{}'; {}", name,
            list_known(name, known));
  }
}

bool all_finite(const Tensor& t) { return !t.is_floating_point() || t.isfinite().all().item<bool>(); }

/// Runs every node, calling `made` with each node's outputs; `release` says when a value may go.
template <class Made>
void run(const Graph& graph, const std::map<std::string, Tensor>& inputs, std::vector<Tensors>& values,
         const Made& made) {
  const auto& nodes = graph.nodes();
  for (size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    if (node.op->num_inputs() == 0 && graph.inputs().contains(node.name)) {
      values[i] = {inputs.at(node.name)};
    } else {
      Tensors arguments;
      for (const Value& v : node.inputs) {
        arguments.push_back(values[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]);
      }
      try {
        values[i] = node.op->forward(arguments);
      } catch (const UserError& error) {
        throw UserError(fmt::format("{} (in {})", error.what(), describe(node)));
      } catch (const c10::Error& error) {
        LRPP_ASSERT(false, "{} failed going forward: {}", describe(node), error.what_without_backtrace());
      }
    }
    made(i);
  }
}

[[noreturn]] void report_not_finite(const Graph& graph, const std::map<std::string, Tensor>& inputs) {
  std::vector<Tensors> values(graph.nodes().size());
  run(graph, inputs, values, [&](size_t i) {
    for (const Tensor& t : values[i]) {
      require(
          all_finite(t), "forward",
          "the model's output must be finite; the first NaN or infinity appears at {}. Check the checkpoint, "
          "or use a wider dtype",
          describe(graph.nodes()[i]));
    }
  });
  LRPP_ASSERT(false, "an output that was not finite became finite when computed again");
}

}  // namespace

Kept Trace::kept(const Node& node, int index) const {
  Tensors inputs;
  std::vector<Meta> input_metas;
  for (const Value& v : node.inputs) {
    inputs.push_back(value(v));
    input_metas.push_back(meta(v));
  }
  const auto i = static_cast<size_t>(index);
  return {std::move(inputs), values[i], std::move(input_metas), metas[i]};
}

Trace forward(const Plan& plan, const std::map<std::string, Tensor>& inputs, const Progress& progress) {
  const c10::NoGradGuard no_grad;
  const Graph& graph = plan.graph;
  check_inputs(graph, inputs);
  const auto& nodes = graph.nodes();
  const auto steps = static_cast<int64_t>(nodes.size());
  Trace trace;
  trace.values.resize(nodes.size());
  trace.metas.resize(nodes.size());
  const auto release = [&](Value v, size_t now) {
    const Plan::Step& step = plan.steps[static_cast<size_t>(v.node)];
    const auto o = static_cast<size_t>(v.output);
    if (!step.keep[o] && step.last_use[o] <= static_cast<int>(now)) {
      trace.values[static_cast<size_t>(v.node)][o].reset();
    }
  };
  run(graph, inputs, trace.values, [&](size_t i) {
    std::vector<bool> nonnegative;
    for (const Value& v : nodes[i].inputs) nonnegative.push_back(trace.meta(v).nonnegative);
    const bool known = !nonnegative.empty() && nodes[i].op->nonnegative(nonnegative);
    for (const Tensor& t : trace.values[i]) {
      trace.metas[i].push_back(Meta::of(t));
      trace.metas[i].back().nonnegative = known;
    }
    for (const Value& v : nodes[i].inputs) release(v, i);
    for (size_t o = 0; o < trace.values[i].size(); ++o)
      release({static_cast<int>(i), static_cast<int>(o)}, i);
    if (progress) progress(static_cast<int64_t>(i) + 1, 2 * steps);
  });
  trace.output = trace.value(graph.output());
  if (!all_finite(trace.output)) report_not_finite(graph, inputs);
  return trace;
}

}  // namespace lrpp
