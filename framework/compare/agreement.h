#pragma once

#include <lrpp/framework/tensor.h>

namespace lrpp {

/// How far S explanations of one input agree, pair by pair: [S, S] float64, symmetric.
struct Agreement {
  Tensor rank_correlation;  ///< Spearman's: from -1 to 1; 1 with itself, 0 where nothing is told apart
  Tensor overlap;           ///< the share of the k units of the largest relevance that two have in common
  int64_t k = 0;
};

/// relevance: [S, U], of the same U units (words, pixels) in each. By its order alone, since models put their
/// relevance on scales of their own. Units of equal relevance go by their position. Throws UserError for
/// other shapes, k outside [1, U], and relevance that is not finite.
Agreement agreement(const Tensor& relevance, int64_t k);

/// A map [H, W] on a grid of [height, width]: each pixel's value is split by the areas that the grid's cells
/// have of it, so that the sum is conserved. Throws UserError for an empty grid and other shapes.
Tensor to_grid(const Tensor& map, int64_t height, int64_t width);

}  // namespace lrpp
