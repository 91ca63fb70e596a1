#include <lrpp/framework/layers.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace lrpp {
namespace {

/// "0", or "encoder_layer_0".
bool is_numbered(std::string_view part) {
  const size_t digits = part.size() - (part.find_last_not_of("0123456789") + 1);
  return digits > 0 && (digits == part.size() || part[part.size() - digits - 1] == '_');
}

/// The node's name up to the first part with a number; nothing where there is none.
std::string layer_name(const std::string& node) {
  for (size_t begin = 0; begin < node.size();) {
    const size_t end = std::min(node.find('.', begin), node.size());
    if (is_numbered(std::string_view(node).substr(begin, end - begin))) return node.substr(0, end);
    begin = end + 1;
  }
  return {};
}

std::set<std::string> layers_with_weights(const Graph& graph) {
  std::set<std::string> names;
  for (const Node& node : graph.nodes()) {
    if (!node.op->weights().empty()) names.insert(layer_name(node.name));
  }
  names.erase("");  // What lies outside of layers.
  return names;
}

/// Per node, whether something of the attributed value arrives there.
std::vector<bool> find_descendants(const Graph& graph) {
  std::vector<bool> found(graph.nodes().size(), false);
  for (size_t i = 0; i < found.size(); ++i) {
    const std::vector<Value>& inputs = graph.nodes()[i].inputs;
    found[i] = graph.attributed().node == static_cast<int>(i) ||
               std::any_of(inputs.begin(), inputs.end(),
                           [&](const Value& v) { return found[static_cast<size_t>(v.node)]; });
  }
  return found;
}

}  // namespace

std::vector<Layer> find_layers(const Graph& graph) {
  const std::vector<bool> descends = find_descendants(graph);
  std::map<Value, int> last_use;
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    for (const Value& v : graph.node(i).inputs) last_use[v] = i;
  }
  std::set<std::string> to_come = layers_with_weights(graph);
  std::vector<Layer> layers;
  std::set<Value> alive;
  for (int i = graph.attributed().node; i < static_cast<int>(graph.nodes().size()); ++i) {
    if (!descends[static_cast<size_t>(i)]) continue;
    const Node& node = graph.node(i);
    const std::string name = layer_name(node.name);
    if (i > graph.attributed().node && to_come.erase(name) > 0 && alive.size() == 1)
      layers.push_back({name, *alive.begin()});
    for (const Value& v : node.inputs) {
      if (last_use[v] <= i) alive.erase(v);
    }
    for (int o = 0; o < node.op->num_outputs(); ++o) {
      if (last_use.contains({i, o})) alive.insert({i, o});
    }
  }
  return layers;
}

}  // namespace lrpp
