#pragma once

#include <lrpp/framework/forward.h>
#include <lrpp/framework/ledger.h>

#include <optional>

namespace lrpp {

/// What arrived at one value.
struct Reading {
  Tensor multiplier;  ///< undefined where none arrived, or not a multiplier alone
  Tensor
      relevance;  ///< value times multiplier, and the relevance that arrived as such; shaped like the value
};

/// What the backward walk brings to the model's inputs.
struct WalkResult {
  Reading input;                  ///< at graph.attributed()
  std::optional<Reading> tokens;  ///< at graph.tokens(), where there is such a place
  std::vector<Reading> layers;    ///< at graph.layers(), one each
  std::optional<Ledger> ledger;   ///< where the plan asks for an audit
};

/// Carries `seed`, a multiplier shaped like the output at the trace's rows [R, C], back to the attributed
/// value, node by node in reverse order: what is read has R rows. Values are freed as the walk passes them,
/// so the trace is used up; a copy of it, which shares its tensors, serves another walk.
WalkResult walk(const Plan& plan, Trace trace, const Tensor& seed, const Progress& progress = {});

}  // namespace lrpp
