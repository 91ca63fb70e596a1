#pragma once

#include <lrpp/framework/tensor.h>

#include <functional>
#include <vector>

namespace lrpp::evaluation {

/// A picture whose masked pixels are made up from their surroundings (Rong et al. 2022, arXiv:2202.00449,
/// section 4.2): each is the weighted mean of its neighbours, 1/6 for the four beside it and 1/12 for the
/// four at its corners, neighbours being pixels of the picture or made up too (weights are scaled to 1 at the
/// edges). The sparse linear system of all masked pixels is solved directly, in float64. Normal noise of
/// standard deviation `noise` is added, without which a model could tell made-up pixels by their smoothness.
/// image: [C, H, W]; masked: [H, W] bool, not all -> [C, H, W] float64.
Tensor noisy_linear_imputation(const Tensor& image, const Tensor& masked, double noise, uint64_t seed);

/// Pictures [N, C, H, W] -> logits [N, classes].
using ImageModel = std::function<Tensor(const Tensor& images)>;

struct RoadOptions {
  std::vector<double> shares = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};  ///< of the pixels, in (0, 1)
  double noise = 0.01;  ///< in the unit of the pixels as the model takes them
  int64_t batch = 64;   ///< pictures that run together
};

/// ROAD, "remove and debias": whether the model still names the class once the most (or least) relevant
/// pixels are made up. relevance: [B, H, W]; target: [B] int64; seeds: [B], of each picture's noise -> [B,
/// shares] float64, 1 where it does. floor(share H W) pixels go; those of equal relevance by their position.
/// The mean over examples is the paper's accuracy: low is good with the most relevant first, high with the
/// least relevant first.
///
/// Pitfall: with the label as the target, a picture that the model gets wrong counts 0 from the start; with
/// the model's own answer it counts 1. Say which it was.
Tensor road(const ImageModel& model, const Tensor& images, const Tensor& relevance, const Tensor& target,
            const std::vector<uint64_t>& seeds, bool most_first, const RoadOptions& options = {});

}  // namespace lrpp::evaluation
