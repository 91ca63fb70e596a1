#pragma once

#include <lrpp/framework/graph.h>
#include <lrpp/framework/rule.h>

#include <vector>

namespace lrpp {

/// A model that answers for one token computes its last layers for all tokens and then takes one. This moves
/// the choice (select_token, select_index) towards the input, through every op that treats tokens one by one
/// (Op::picks_through), so that neither forward pass nor walk spends time on the others. A linear op
/// that makes several things at once, as Mamba's in_proj or a Transformer's q, k and v, is cut where only
/// some of them are needed for all tokens and its rule is the exact transpose. What is computed stays the
/// same; `pick` nodes take the place of the choice and get its rule. `rules` has one entry per node.
void pick_early(Graph& graph, std::vector<RulePtr>& rules);

}  // namespace lrpp
