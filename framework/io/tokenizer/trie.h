#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace lrpp::tokenization {

/// Byte strings with a value each. Finding all entries that begin at a position takes time linear in the
/// longest.
class Trie {
 public:
  Trie() = default;
  /// Entries need not be sorted. Of equal keys the last one counts; empty keys are never found.
  explicit Trie(std::vector<std::pair<std::string_view, int64_t>> entries);

  /// Calls `found(length, value)` for every entry that `text` has at `position`, shortest first.
  template <class Found>
  void for_each_prefix(std::string_view text, size_t position, Found found) const {
    uint32_t node = 0;
    for (size_t i = position; i < text.size(); ++i) {
      node = child(node, static_cast<unsigned char>(text[i]));
      if (node == 0) return;
      if (nodes_[node].value >= 0) found(i + 1 - position, nodes_[node].value);
    }
  }

 private:
  struct Node {
    uint32_t first_edge = 0;
    uint32_t edge_count = 0;
    int64_t value = -1;
  };

  /// 0 (the root, nobody's child) where there is none.
  uint32_t child(uint32_t node, unsigned char byte) const;

  std::vector<Node> nodes_ = {Node{}};
  std::vector<unsigned char> edge_bytes_;
  std::vector<uint32_t> edge_targets_;
};

}  // namespace lrpp::tokenization
