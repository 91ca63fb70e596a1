#pragma once

#include <lrpp/framework/tensor.h>

namespace lrpp::evaluation {

// Relevance against ground truth. relevance: [B, F]; truth: [B, F] bool, the features that decide, at least
// one in each example -> [B] float64 in [0, 1]. Each throws UserError for other shapes, an example without
// true features, and relevance that is not finite.
//
// Pitfall: the ground truth says what a good model should look at. A model that looks elsewhere, faithfully
// explained, scores low: check its accuracy first.

/// Pointing game (Zhang et al. 2018, arXiv:1608.00507): whether the feature of the largest relevance is a
/// true one. Where several are the largest, the share of true ones among them, so that relevance which tells
/// nothing apart scores as chance would.
Tensor pointing_game(const Tensor& relevance, const Tensor& truth);

/// Relevance rank accuracy (Arras et al. 2022, arXiv:2003.07258): of the K most relevant features, K being
/// the number of true ones, the share that is true. Features of equal relevance go by their position.
Tensor rank_accuracy(const Tensor& relevance, const Tensor& truth);

/// Relevance mass accuracy (Arras et al. 2022): the share of positive relevance that lies on true features; 0
/// where there is no positive relevance.
Tensor mass_accuracy(const Tensor& relevance, const Tensor& truth);

}  // namespace lrpp::evaluation
