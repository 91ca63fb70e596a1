#include <c10/core/GradMode.h>
#include <lrpp/framework/recording.h>

#include <algorithm>

namespace lrpp {
namespace {

bool is_source(const Node& node) { return node.op->kind() == OpKind::source; }

[[noreturn]] void refuse(std::string_view why) {
  fail("recording", "this model's explanation has to wait for the device on its way; explain without. ({})",
       why);
}

Tensor copy_of(const Tensor& t) { return t.defined() ? t.clone() : t; }

}  // namespace

Recording::Recording(const Plan& plan, const std::map<std::string, Tensor>& inputs,
                     std::vector<std::string> labels, ExplainOptions options)
    : plan_(plan), labels_(std::move(labels)), options_(std::move(options)) {
  const c10::NoGradGuard no_grad;
  require(!plan_.audit, "recording", "an audit cannot be recorded; explain without");
  require(options_.targets.size() == 1, "recording", "one target can be recorded; got {}",
          options_.targets.size());
  // Once as it comes, which finds all that is wrong with the inputs and with the model's values.
  const Attribution first = lrpp::explain(plan_, inputs, labels_, options_);
  graph_.emplace(first.relevance.device());
  split_sources(inputs);
  options_.progress = {};
  const auto work = [&] {
    checks_ = {};
    result_ = lrpp::explain(plan_, given_, labels_, options_, checks_);
  };
  {
    const HostCopies::Keep keep(copies_);
    graph_->rehearse(work);
  }
  try {
    const HostCopies::Give give(copies_);
    graph_->record(work);
  } catch (const c10::Error& error) {
    refuse(error.what_without_backtrace());
  } catch (const std::exception& error) {
    refuse(error.what());
  }
}

void Recording::split_sources(const std::map<std::string, Tensor>& inputs) {
  const Graph& graph = plan_.graph;
  std::map<int, bool> read_by_others;  // sources that something else than a source reads
  for (const Node& node : graph.nodes()) {
    if (is_source(node)) continue;
    for (const Value& v : node.inputs) {
      if (is_source(graph.node(v.node))) read_by_others[v.node] = true;
    }
  }
  for (const auto& [name, tensor] : inputs) recorded_[name] = tensor.clone();
  given_ = recorded_;
  for (const auto& [name, value] : compute_sources(inputs)) given_[name] = value.clone();
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    const std::string& name = graph.node(i).name;
    if (!given_.contains(name)) continue;
    const bool is_input = graph.inputs().contains(name);
    if (at::isFloatingType(given_.at(name).scalar_type())) {
      varying_.push_back(name);
    } else if (read_by_others[i]) {
      require(is_input, "recording", "{} depends on the tokens; explain without", describe(graph.node(i)));
      fixed_.push_back(name);
    }
  }
}

std::map<std::string, Tensor> Recording::compute_sources(const std::map<std::string, Tensor>& inputs) const {
  const Graph& graph = plan_.graph;
  std::map<std::string, Tensor> result;
  std::map<int, Tensor> values;
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    const Node& node = graph.node(i);
    if (!is_source(node)) continue;
    if (graph.inputs().contains(node.name)) {
      values[i] = inputs.at(node.name);
      continue;
    }
    // A parameter that is shaped like what is computed is computed with it.
    if (!std::all_of(node.inputs.begin(), node.inputs.end(),
                     [&](const Value& v) { return values.contains(v.node); })) {
      continue;
    }
    Tensors arguments;
    for (const Value& v : node.inputs) arguments.push_back(values.at(v.node));
    values[i] = node.op->forward(arguments).at(0);
    if (!node.inputs.empty()) result[node.name] = values[i];
  }
  return result;
}

void Recording::check_same(const std::map<std::string, Tensor>& inputs) const {
  for (const auto& [name, recorded] : recorded_) {
    const auto found = inputs.find(name);
    require(found != inputs.end(), "recording", "the input '{}' was recorded; these inputs have none", name);
    const Tensor& now = found->second;
    require(now.sizes() == recorded.sizes() && now.dtype() == recorded.dtype(), "recording",
            "the input '{}' was recorded as {} {}; got {} {}. Record inputs of other shapes by themselves",
            name, at::toString(recorded.scalar_type()), shape_string(recorded.sizes()),
            at::toString(now.scalar_type()), shape_string(now.sizes()));
  }
  require(inputs.size() == recorded_.size(), "recording", "{} inputs were recorded; got {}", recorded_.size(),
          inputs.size());
  for (const std::string& name : fixed_) {
    require(at::equal(inputs.at(name), recorded_.at(name)), "recording",
            "'{}' decided what was recorded, and has other values now. Record such inputs by themselves",
            name);
  }
}

Attribution Recording::explain(const std::map<std::string, Tensor>& inputs) {
  const c10::NoGradGuard no_grad;
  check_same(inputs);
  std::map<std::string, Tensor> sources = compute_sources(inputs);
  for (const std::string& name : varying_) {
    given_.at(name).copy_(sources.contains(name) ? sources.at(name) : inputs.at(name), /*non_blocking=*/true);
  }
  graph_->replay();
  // The graph's tensors are filled anew by the next replay.
  Attribution result = result_;
  for (LayerRelevance& layer : result.layers) layer.relevance = copy_of(layer.relevance);
  for (Tensor* t : {&result.logits, &result.score, &result.relevance, &result.relevance_token,
                    &result.target.target, &result.target.contrast}) {
    *t = copy_of(*t);
  }
  checks_.settle();
  return result;
}

}  // namespace lrpp
