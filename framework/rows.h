#pragma once

#include <lrpp/framework/kept.h>

namespace lrpp {

/// The explanations that one walk carries, one a row, over a forward pass that ran once. The pass saw B
/// examples and gave N outputs: N = B P where P positions of each example are explained, else B. Each output
/// is explained for K targets. Rows go by example, then position, then target, so that row r belongs to the
/// entry r n / (N K) of a value whose first dimension has n = B or n = N entries.
///
/// A walk may carry a part of them: some of each example's, never some of the examples. Ops may compute with
/// the whole batch (experts give all examples as many rows as the busiest one needs), so that a walk over
/// fewer examples would not fit what the forward pass left.
class Rows {
 public:
  /// Values stay as they are.
  Rows() = default;
  /// Throws InternalError unless `outputs` is a multiple of `examples`.
  Rows(int64_t examples, int64_t outputs, int64_t targets = 1);

  /// The same outputs with `targets` rows each.
  Rows times(int64_t targets) const { return {examples_, outputs_, targets}; }
  /// Of each example the rows from `begin` up to `end`, of `per_example`.
  Rows part(int64_t begin, int64_t end) const;

  int64_t examples() const { return examples_; }
  int64_t per_example() const { return per_example_; }
  int64_t size() const { return examples_ * (end_ - begin_); }

  /// What a value is at these rows: [n, ...] -> [size(), ...], with n = B or N, or n = N K for what has a row
  /// each. Of one example, rows that share an entry are views, and so are rows with an entry each. Other
  /// values broadcast and stay as they are.
  Tensor of(const Tensor& value) const;
  Meta of(Meta meta) const;
  /// Puts the results of these rows [size(), ...] where they belong in `whole` [N K, ...], which is made
  /// where it is undefined.
  void put(Tensor& whole, const Tensor& part) const;

 private:
  bool is_whole() const { return end_ - begin_ == per_example_; }
  bool fits(int64_t entries) const {
    return entries == examples_ || entries == outputs_ || entries == examples_ * per_example_;
  }

  int64_t examples_ = -1, outputs_ = -1, per_example_ = -1, begin_ = 0, end_ = -1;
};

/// The entry, of `entries`, that each of `rows` rows belongs to: [rows] int64. Throws UserError, headed by
/// `where`, unless rows are a multiple of entries.
Tensor entry_of_rows(std::string_view where, int64_t rows, int64_t entries, at::Device device);

}  // namespace lrpp
