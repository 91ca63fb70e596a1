#pragma once

#include <lrpp/framework/forward.h>

#include <set>
#include <vector>

namespace lrpp {

/// Decides, as the forward pass comes to each segment of a plan, what is kept of it for the walk:
/// - all that its rules read. Where that fits, it is kept;
/// - what enters it, of which the walk computes the rest again: another forward pass in all;
/// - nothing. Then it belongs to a run of segments of which only what enters the first is kept. The walk
///   computes from that what enters the others, and then each segment: almost two more passes. A run of k of
///   L segments takes L / k + k entries in place of L (Chen et al., arXiv:1604.06174).
///
/// The last segment is always kept, since the walk begins with it. How large the others are is measured on
/// those that are kept, of which the one before may still go when the next does not fit.
class Keeper {
 public:
  Keeper(const Plan& plan, const MemoryOptions& memory, Trace& trace);

  /// Before node i runs.
  void enter(int i);
  /// Whether a value outlives its last use in the forward pass.
  bool keeps(Value v) const { return keep_[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)]; }

 private:
  void keep(const std::vector<Value>& values, bool it);
  void decide(size_t segment);
  void measure(size_t segment);
  bool is_whole(size_t segment) const { return trace_.again[segment].again.empty(); }
  void settle(size_t segment, bool stays);
  size_t length_of_run(size_t segment) const;
  bool fits_whole(size_t segment) const;
  /// What the walk takes in a segment beside what its rules read, in bytes: signals at a node's outputs and
  /// inputs, one value on the way between them, and smaller ones that pass the segment by.
  int64_t around() const { return 3 * signal_ + signal_ / 2; }
  void drop(size_t begin, size_t end);
  void let_go(const std::vector<Value>& values);
  bool plan_keeps(Value v) const;
  int64_t bytes(const std::vector<Value>& values) const;
  int64_t free_bytes() const;

  const Plan& plan_;
  const MemoryOptions& memory_;
  Trace& trace_;
  std::vector<std::vector<bool>> keep_;
  std::set<Value> entries_;  ///< of what is run again
  size_t next_ = 0;          ///< the segment that comes next
  size_t decided_ = 0;       ///< it is known what becomes of those before this one
  int64_t signal_ = 0;       ///< bytes of the largest value that signals reach in a segment
  int64_t whole_ = 0;        ///< bytes that the rules read of the largest segment that was kept
};

}  // namespace lrpp
