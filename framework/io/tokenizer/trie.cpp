#include <lrpp/framework/io/tokenizer/trie.h>

#include <algorithm>

namespace lrpp::tokenization {

Trie::Trie(std::vector<std::pair<std::string_view, int64_t>> entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  // Breadth first, so that a node's edges lie side by side. `ranges[n]` are the entries below node n.
  struct Range {
    size_t begin, end, depth;
  };
  std::vector<Range> ranges = {{0, entries.size(), 0}};
  for (size_t node = 0; node < ranges.size(); ++node) {
    auto [i, end, depth] = ranges[node];
    for (; i < end && entries[i].first.size() == depth; ++i) nodes_[node].value = entries[i].second;
    nodes_[node].first_edge = static_cast<uint32_t>(edge_bytes_.size());
    while (i < end) {
      const char byte = entries[i].first[depth];
      size_t next = i + 1;
      while (next < end && entries[next].first[depth] == byte) ++next;
      edge_bytes_.push_back(static_cast<unsigned char>(byte));
      edge_targets_.push_back(static_cast<uint32_t>(nodes_.size()));
      nodes_.emplace_back();
      ranges.push_back({i, next, depth + 1});
      i = next;
    }
    nodes_[node].edge_count = static_cast<uint32_t>(edge_bytes_.size()) - nodes_[node].first_edge;
  }
}

uint32_t Trie::child(uint32_t node, unsigned char byte) const {
  const Node& n = nodes_[node];
  const auto begin = edge_bytes_.begin() + n.first_edge;
  const auto end = begin + n.edge_count;
  const auto it = n.edge_count == 256 ? begin + byte : std::lower_bound(begin, end, byte);
  return it != end && *it == byte ? edge_targets_[static_cast<size_t>(it - edge_bytes_.begin())] : 0;
}

}  // namespace lrpp::tokenization
