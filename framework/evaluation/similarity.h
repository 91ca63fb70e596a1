#pragma once

#include <lrpp/framework/tensor.h>

namespace lrpp::evaluation {

/// Spearman's rank correlation of two explanations of each example: Pearson's correlation of their ranks,
/// features of equal relevance sharing the mean of theirs. a, b: [B, F] -> [B] float64 in [-1, 1]; 0 where
/// one of them tells no features apart, as with a single feature, which leaves nothing to correlate. Throws
/// UserError for no features, other shapes, and values that are not finite.
Tensor rank_correlation(const Tensor& a, const Tensor& b);

}  // namespace lrpp::evaluation
