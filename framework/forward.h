#pragma once

#include <lrpp/framework/late_checks.h>
#include <lrpp/framework/plan.h>
#include <lrpp/framework/rows.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace lrpp {

/// Called after each step of the forward pass and of the walk with the steps done and their total.
using Progress = std::function<void(int64_t done, int64_t total)>;

/// What the forward pass leaves for the walk.
struct Trace {
  std::vector<Tensors> values;           ///< per node and output; undefined where the plan does not keep it
  std::vector<std::vector<Meta>> metas;  ///< per node and output
  Tensor output;                         ///< the graph's output [N, C]
  Rows rows;                             ///< what is explained: of a new trace, each output once
  std::vector<Segment> again;  ///< per segment of the plan: what the walk runs again when it comes to
                               ///< its end; nothing where the segment's values are there

  /// A node's values as they are at `rows`.
  Kept kept(const Node& node, int index) const;
  const Meta& meta(Value v) const {
    return metas[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)];
  }
  const Tensor& value(Value v) const {
    return values[static_cast<size_t>(v.node)][static_cast<size_t>(v.output)];
  }
};

/// Runs the plan's graph and keeps what the plan asks for; other values are freed after their last use.
/// Parts of the graph are not kept but computed again in the walk where `memory` says so. `inputs` may also
/// hold the value of a source by its node's name, such as the embeddings [B, T, D], in place of what the
/// source would compute. Throws UserError for a missing or unknown input, and for an output that is not
/// finite (naming the first node that made it so).
Trace forward(const Plan& plan, const std::map<std::string, Tensor>& inputs, const Progress& progress = {},
              const MemoryOptions& memory = {});
/// The same; that the output is finite is left to `checks`, which must be settled while plan and inputs live.
Trace forward(const Plan& plan, const std::map<std::string, Tensor>& inputs, const Progress& progress,
              const MemoryOptions& memory, LateChecks& checks);

/// Computes again what is wanted of a segment, from its entries, into `trace`.
void compute_again(const Plan& plan, const Segment& segment, Trace& trace);

}  // namespace lrpp
