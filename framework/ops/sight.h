#pragma once

#include <lrpp/framework/ops/softmax.h>

#include <string_view>

namespace lrpp::ops {

/// Entries [begin, end) of a dimension.
struct Range {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
  Tensor of(const Tensor& x, int64_t dim) const { return x.narrow(dim, begin, size()); }
};

/// What the queries of an attention see of its keys, for any block of its scores [B,H,Q,S].
class Sight {
 public:
  /// Scores of these sizes; query t stands at token t, or, where `positions` [B,Q] int64 are given, where
  /// they say. `mask` [B,S] int64 is the attention_mask, undefined for none. Throws UserError for a mask of
  /// another shape.
  Sight(const SoftmaxAttributes& how, at::IntArrayRef sizes, at::Device device, const Tensor& mask,
        const Tensor& positions = {});

  /// Whether all queries see all keys.
  bool everything() const { return !positions_.defined() && !padding_.defined(); }
  /// Whether query t stands at token t and sees none after it.
  bool in_order() const { return positions_.defined() && !positions_there_.defined(); }
  /// The keys outside of which these queries see nothing.
  Range keys(const Range& queries) const;
  /// The softmax of a block's scores over its keys, which must be those of `keys` or more; computed in
  /// float32 at least. What is not seen has a share of exactly 0, and a query that sees nothing 0 everywhere.
  /// Overwrites the scores, unless everything is seen.
  Tensor shares(const Tensor& scores, const Range& examples, const Range& queries, const Range& keys) const;

 private:
  void hide_by_position(const Tensor& scores, const Range& examples, const Range& queries,
                        const Range& keys) const;

  int64_t window_, all_keys_;
  Tensor positions_;        ///< [B,Q] or [1,Q] on the device; undefined where it does not matter
  Tensor positions_there_;  ///< the same on the CPU; undefined where query t stands at token t
  Tensor padding_;          ///< [B,S]: true where there is no token; undefined where there is one everywhere
  Tensor blind_;            ///< [B,Q] or [B,1]: true where nothing is seen; undefined where something is
};

}  // namespace lrpp::ops
