#pragma once

#include <lrpp/framework/graph.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lrpp::evaluation {

// The model parameter randomisation test (MPRT; Adebayo et al. 2018, arXiv:1810.03292): an explanation of a
// model whose weights are random must differ from that of the trained one. Weights are randomised layer by
// layer from the output down, each explanation is held against the first by rank_correlation: low is good.
//
// Pitfalls (Hedstroem et al. 2023, "Sanity Checks Revisited"): noise in explanations lowers the similarity
// too, so that a random explanation passes; smooth MPRT compares means over noisy inputs instead. The
// similarity depends on the order of layers; efficient MPRT compares the complexity before and after all of
// them are random.

/// A layer: weights that are randomised together, those of one module.
struct Layer {
  std::string name;
  std::vector<std::string> weights;  ///< by the checkpoint's names
};

/// The checkpoint's weights by module, the module nearest to the output first. A weight belongs to the module
/// that its name begins with, and a module stands where the last node of its name does in the graph (one
/// without such a node, where its parent does).
std::vector<Layer> layers_from_output(const Graph& graph, const std::vector<std::string>& weights);

/// The weight's own values in another order: random, and yet of the size, sign and spread that such a weight
/// has, which a checkpoint does not tell of how it was initialised. A weight of equal values stays as it is.
/// The order depends on the seed and the name alone.
Tensor shuffled(const Tensor& weight, const std::string& name, uint64_t seed);

/// Efficient MPRT (Hedstroem et al. 2023, equation 6): the relative rise in complexity,
///   (H(randomised) - H(original)) / H(original), H being histogram_entropy over `bins`.
/// original, randomised: [B, F] -> [B] float64. High is good. 0 where both are 0; throws UserError where the
/// original alone is 0.
Tensor efficient_mprt(const Tensor& original, const Tensor& randomised, int64_t bins);

}  // namespace lrpp::evaluation
