#pragma once

#include <lrpp/framework/tensor.h>

namespace lrpp::evaluation {

/// How far the sum of an explanation is from the score it explains:
///   |sum of R - f(x)| / (|sum of R| + |f(x)|),
/// 0 where they are equal and 1 where they differ in sign or one is 0. relevance: [B, ...], all of it, also
/// what lies on special tokens; score: [B] -> [B] float64; 0 where both are 0. The usual |sum - f| / |f| has
/// no bound where f(x) is near 0, so that its mean says little.
///
/// Biases take a share of the score that no input gets: a method that conserves exactly does so on a model
/// without biases. Measure on both: the model as it is, and with all biases 0.
Tensor conservation_error(const Tensor& relevance, const Tensor& score);

}  // namespace lrpp::evaluation
