#include <c10/core/GradMode.h>
#include <lrpp/framework/forward.h>
#include <lrpp/framework/io/suggest.h>
#include <lrpp/framework/keeper.h>
#include <lrpp/framework/node_scope.h>

#include <algorithm>
#include <set>

namespace lrpp {
namespace {

void check_inputs(const Graph& graph, const std::map<std::string, Tensor>& inputs) {
  std::vector<std::string> known;
  for (const auto& [name, value] : graph.inputs()) {
    known.push_back(name);
    require(inputs.contains(name) && inputs.at(name).defined(), "forward", "the model needs the input '{}'",
            name);
  }
  for (const Node& node : graph.nodes()) {
    if (node.op->kind() == OpKind::source && !graph.inputs().contains(node.name)) known.push_back(node.name);
  }
  for (const auto& [name, tensor] : inputs) {
    require(std::find(known.begin(), known.end(), name) != known.end(), "forward",
            "the model has no input '{}'; {}", name, list_known(name, known));
  }
}

bool all_finite(const Tensor& t) { return !t.is_floating_point() || t.isfinite().all().item<bool>(); }

/// Whether the caller gives the node's value: of an input, or of another source in place of what it computes.
bool is_given(const Node& node, const std::map<std::string, Tensor>& inputs) {
  return node.op->kind() == OpKind::source && inputs.contains(node.name);
}

Tensors compute(const Node& node, const std::vector<Tensors>& values, Pass pass) {
  const NodeScope scope(pass, node);
  Tensors arguments;
  for (const Value& v : node.inputs) {
    arguments.push_back(values[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]);
  }
  try {
    return node.op->forward(arguments);
  } catch (const UserError& error) {
    throw UserError(fmt::format("{} (in {})", error.what(), describe(node)));
  } catch (const c10::Error& error) {
    LRPP_ASSERT(false, "{} failed going forward: {}", describe(node), error.what_without_backtrace());
  }
  return {};
}

/// Runs every node, calling `made` with each node's outputs; `release` says when a value may go.
template <class Made>
void run(const Graph& graph, const std::map<std::string, Tensor>& inputs, std::vector<Tensors>& values,
         const Made& made) {
  const auto& nodes = graph.nodes();
  for (size_t i = 0; i < nodes.size(); ++i) {
    values[i] = is_given(nodes[i], inputs) ? Tensors{inputs.at(nodes[i].name)}
                                           : compute(nodes[i], values, Pass::forward);
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
    inputs.push_back(rows.of(value(v)));
    input_metas.push_back(rows.of(meta(v)));
  }
  Tensors outputs;
  std::vector<Meta> output_metas;
  for (const Tensor& t : values[static_cast<size_t>(index)]) outputs.push_back(rows.of(t));
  for (const Meta& m : metas[static_cast<size_t>(index)]) output_metas.push_back(rows.of(m));
  return {std::move(inputs), std::move(outputs), std::move(input_metas), std::move(output_metas)};
}

void compute_again(const Plan& plan, const Segment& segment, Trace& trace) {
  std::vector<Tensors> made(plan.graph.nodes().size());
  for (const Value& v : segment.entries) {
    Tensors& outputs = made[static_cast<size_t>(v.node)];
    outputs.resize(trace.metas[static_cast<size_t>(v.node)].size());
    outputs[static_cast<size_t>(v.output)] = trace.value(v);
  }
  std::map<Value, int> last_reader;
  for (int i : segment.again) {
    for (const Value& v : plan.graph.node(i).inputs) last_reader[v] = i;
  }
  const std::set<Value> wanted(segment.wanted.begin(), segment.wanted.end());
  for (int i : segment.again) {
    Tensors& outputs = made[static_cast<size_t>(i)] = compute(plan.graph.node(i), made, Pass::again);
    for (size_t o = 0; o < outputs.size(); ++o) {
      const Value v{i, static_cast<int>(o)};
      if (wanted.contains(v)) trace.values[static_cast<size_t>(i)][o] = outputs[o];
      if (!last_reader.contains(v)) outputs[o].reset();
    }
    // Other values go as soon as nothing that runs again reads them.
    for (const Value& v : plan.graph.node(i).inputs) {
      if (last_reader.at(v) == i) made[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)].reset();
    }
  }
}

Trace forward(const Plan& plan, const std::map<std::string, Tensor>& inputs, const Progress& progress,
              const MemoryOptions& memory) {
  LateChecks checks;
  Trace trace = forward(plan, inputs, progress, memory, checks);
  checks.settle();
  return trace;
}

Trace forward(const Plan& plan, const std::map<std::string, Tensor>& inputs, const Progress& progress,
              const MemoryOptions& memory, LateChecks& checks) {
  const c10::NoGradGuard no_grad;
  const Graph& graph = plan.graph;
  check_inputs(graph, inputs);
  const auto& nodes = graph.nodes();
  const auto steps = static_cast<int64_t>(nodes.size());
  Trace trace;
  trace.values.resize(nodes.size());
  trace.metas.resize(nodes.size());
  Keeper keeper(plan, memory, trace);
  const auto release = [&](Value v, size_t now) {
    const int last_use = plan.steps[static_cast<size_t>(v.node)].last_use[static_cast<size_t>(v.output)];
    if (!keeper.keeps(v) && last_use <= static_cast<int>(now)) {
      trace.values[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)].reset();
    }
  };
  keeper.enter(0);
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
    keeper.enter(static_cast<int>(i) + 1);
    if (progress) progress(static_cast<int64_t>(i) + 1, 2 * steps);
  });
  trace.output = trace.value(graph.output());
  checks.add_finite(trace.output, [&graph, &inputs] { report_not_finite(graph, inputs); });
  trace.rows = Rows(trace.meta(graph.attributed()).sizes.at(0), trace.output.size(0));
  return trace;
}

}  // namespace lrpp
