#include <ATen/CPUGeneratorImpl.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/complexity.h>
#include <lrpp/framework/evaluation/randomization.h>

#include <algorithm>
#include <map>

namespace lrpp::evaluation {
namespace {

std::string parent(const std::string& name) {
  const size_t dot = name.rfind('.');
  return dot == name.npos ? "" : name.substr(0, dot);
}

/// The last node that is the module or lies inside of it or, where there is none, of the nearest parent.
int last_node(const Graph& graph, const std::string& module) {
  int last = -1;
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const std::string& name = graph.nodes()[i].name;
    if (module.empty() || name == module || name.starts_with(module + ".")) last = static_cast<int>(i);
  }
  return last >= 0 || module.empty() ? last : last_node(graph, parent(module));
}

}  // namespace

std::vector<Layer> layers_from_output(const Graph& graph, const std::vector<std::string>& weights) {
  std::map<std::string, Layer> modules;
  for (const std::string& name : weights) {
    const std::string module = parent(name);
    modules[module].name = module;
    modules[module].weights.push_back(name);
  }
  std::vector<std::pair<int, Layer>> placed;
  for (auto& [name, layer] : modules) placed.emplace_back(last_node(graph, name), std::move(layer));
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Layer> layers;
  for (auto& [place, layer] : placed) layers.push_back(std::move(layer));
  return layers;
}

Tensor shuffled(const Tensor& weight, const std::string& name, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325u ^ seed;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  const Tensor order = at::randperm(weight.numel(), at::detail::createCPUGenerator(hash), at::kLong);
  return weight.flatten().index_select(0, order.to(weight.device())).view(weight.sizes());
}

Tensor efficient_mprt(const Tensor& original, const Tensor& randomised, int64_t bins) {
  require(original.sizes() == randomised.sizes(), "evaluation",
          "both explanations must have the same features; got {} and {}", shape_string(original.sizes()),
          shape_string(randomised.sizes()));
  const Tensor before = histogram_entropy(original, bins), after = histogram_entropy(randomised, bins);
  require(
      before.gt(0).logical_or(after.eq(0)).all().item<bool>(), "evaluation",
      "efficient MPRT is relative to the complexity of the explanation, which tells no features apart in an "
      "example; leave it out");
  return at::where(before.gt(0), (after - before) / before, at::zeros_like(before));
}

}  // namespace lrpp::evaluation
