#pragma once

#include <lrpp/framework/ops/sight.h>

#include <vector>

namespace lrpp::rules {

/// Some of an attention's scores. Its queries see nothing outside of its keys.
struct ScoreBlock {
  ops::Range examples, heads, queries, keys;
  int64_t all_heads = 1;  ///< of the queries; keys and values may have fewer, which successive heads share

  Tensor of_queries(const Tensor& x) const { return queries.of(heads.of(examples.of(x, 0), 1), 2); }
  Tensor of_keys(const Tensor& x) const { return keys.of(groups(x.size(1)).of(examples.of(x, 0), 1), 2); }
  /// Of as many heads of keys or values, those that belong to the block.
  ops::Range groups(int64_t all) const {
    return {heads.begin * all / all_heads, heads.end * all / all_heads};
  }
};

/// Cuts scores of these sizes [B,H,Q,S] into blocks of at most `elements` each, or of one query of the heads
/// of one of `groups` where that is more. What no query of a causal attention sees is in none of them.
std::vector<ScoreBlock> cut_scores(at::IntArrayRef sizes, int64_t groups, const ops::Sight& sight,
                                   int64_t elements);

/// A tensor of which blocks come one by one, added up where they overlap, in float32 at least.
class BlockSum {
 public:
  BlockSum(std::vector<int64_t> sizes, at::TensorOptions options);
  /// `place` gives the block's part of a tensor of the whole's sizes.
  template <class Place>
  void add(const Tensor& block, const Place& place) {
    if (!sum_.defined() && block.sizes() == at::IntArrayRef(sizes_)) {  // often the only one
      sum_ = block;
      return;
    }
    if (!sum_.defined()) sum_ = at::zeros(sizes_, options_.dtype(wide_));
    if (sum_.scalar_type() != wide_) sum_ = sum_.to(wide_);
    place(sum_).add_(block);
  }
  Tensor result() const;

 private:
  std::vector<int64_t> sizes_;
  at::TensorOptions options_;
  at::ScalarType narrow_, wide_;
  Tensor sum_;
};

}  // namespace lrpp::rules
