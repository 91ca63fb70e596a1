#pragma once

#include <lrpp/framework/forward.h>
#include <lrpp/framework/ledger.h>

#include <optional>

namespace lrpp {

/// What the backward walk brings to the model's inputs.
struct WalkResult {
  Tensor multiplier;             ///< at graph.attributed(); undefined where none arrived
  Tensor relevance;              ///< the same as relevance, shaped like the value
  std::optional<Ledger> ledger;  ///< where the plan asks for an audit
};

/// Carries `seed`, a multiplier shaped like the output, back to the attributed value, node by node in reverse
/// order. Values are freed as the walk passes them, so the trace is used up.
WalkResult walk(const Graph& graph, const Plan& plan, Trace trace, const Tensor& seed,
                const Progress& progress = {});

}  // namespace lrpp
