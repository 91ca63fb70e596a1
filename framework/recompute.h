#pragma once

#include <lrpp/framework/graph.h>

#include <string_view>
#include <vector>

namespace lrpp {

struct Plan;

/// Whether values are kept for the walk or computed again when the walk comes to them. `automatic`: kept as
/// long as memory allows.
enum class Recompute { automatic, always, never };
Recompute recompute_from_name(std::string_view name);
std::string_view to_string(Recompute recompute);

/// How much memory an explanation may take.
struct MemoryOptions {
  Recompute recompute = Recompute::automatic;
  int64_t limit = 0;  ///< bytes in all on the model's device, the weights among them; 0: what is free there
};

/// A part of a plan's graph, such as the block of a layer, that can be computed again from what enters it. It
/// lies between two nodes that everything passes through: what is alive after such a node it has made itself.
struct Segment {
  int first = 0, last = 0;     ///< its nodes, `last` excluded
  std::vector<int> again;      ///< what is run again, in order
  std::vector<Value> wanted;   ///< what it is run again for: what its rules read and nothing outside keeps
  std::vector<Value> entries;  ///< what `again` reads from before
};

/// In the order of the graph. A part whose rules read nothing from inside is none.
std::vector<Segment> find_segments(const Plan& plan);

/// The plan's segments from `begin` up to `end` (excluded) as one: what is run again to come from what enters
/// the first of them to what enters each of the others, and to what the rules of the last one read.
Segment join_segments(const Plan& plan, size_t begin, size_t end);

/// Bytes that are taken on the device: on the CPU by the whole process, on others by LibTorch's tensors.
/// Without freed memory that is held for tensors to come.
int64_t used_memory(const at::Device& device);
/// Bytes that can still be had on the device, within the limit.
int64_t free_memory(const at::Device& device, int64_t limit);

}  // namespace lrpp
