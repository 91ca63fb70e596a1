#pragma once

#include <lrpp/framework/composite.h>
#include <lrpp/framework/recompute.h>

#include <string>
#include <vector>

namespace lrpp {

/// A composite applied to a graph, which it holds: the rule of every node and what must survive the forward
/// pass.
struct Plan {
  /// One entry per node of the graph.
  struct Step {
    RulePtr rule;                       ///< null for sources
    bool reached = false;               ///< a signal can arrive at one of the node's outputs
    std::vector<bool> keep;             ///< per output: kept after the forward pass
    std::vector<bool> gets_multiplier;  ///< per output: a multiplier can arrive
    std::vector<bool> gets_relevance;   ///< per output: relevance can arrive
    std::vector<int> last_use;          ///< per output: the last node that reads it going forward, or -1
  };
  /// A canonizer that changed the graph, and the nodes that it changed or took out.
  struct Rewrite {
    std::string canonizer;
    std::vector<std::string> nodes;
  };
  Graph graph;  ///< the model's graph after the composite's canonizers; see also pick_early.h
  std::vector<Rewrite> rewrites;
  std::vector<Step> steps;
  std::vector<Segment> segments;  ///< parts that can be computed again; see recompute.h
  std::string composite;
  Json arguments;
  Readout readout = Readout::relevance;
  bool audit = false;  ///< everything is kept, and the walk writes a ledger
};

/// Rewrites the graph as the composite asks, assigns rules, and works out, node by node from the output back,
/// which signals can arrive where and so which values must be kept. With `layers`, relevance is read between
/// the layers too, where find_layers finds such places. Throws as `assign_rules`.
Plan make_plan(Graph graph, const Composite& composite, bool audit = false, bool layers = false);

/// A plan to run the graph forwards, which no walk can follow: canonized, fused and with the token picked
/// early as the composite's rules allow (not at all without entries). Only what is read out is kept.
Plan make_forward_plan(Graph graph, const Composite& composite);
/// The same of the graph as it stands, with these values kept too.
Plan make_forward_plan(Graph graph, const std::vector<Value>& keep);

/// Whether the walk goes through node `index`: it ends at sources and where relevance is read out.
bool carries_on(const Plan& plan, int index);

}  // namespace lrpp
