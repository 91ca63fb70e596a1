#pragma once

#include <lrpp/framework/graph.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace lrpp {

/// One op that lets tokens see each other.
struct Mixer {
  int node = 0;
  bool reversed = false;  ///< it reads the tokens from the end
};

/// Where a graph mixes tokens, layer by layer: ops that do not rest on each other, such as the two directions
/// of a bidirectional layer, stand in one. `types`: the ops that count; a softmax only where it makes the
/// weights of a matrix product.
std::vector<std::vector<Mixer>> find_mixing_layers(const Graph& graph, const std::set<std::string>& types);

/// Of the node that chooses or averages the tokens which answer (select_token, select_index, mean_tokens),
/// the last one: -1 where there is none.
int find_answer(const Graph& graph);

/// How much each token answers, of T: [R, T], rows that add up to 1. position: [R] where the graph chooses by
/// it.
Tensor answering_tokens(const Graph& graph, const Tensor& position, int64_t rows, int64_t tokens,
                        const at::TensorOptions& options);

}  // namespace lrpp
