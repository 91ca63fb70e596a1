#pragma once

#include <lrpp/framework/tensor.h>

#include <cstdint>
#include <vector>

namespace lrpp::evaluation {

/// Max-sensitivity (Yeh et al. 2019, arXiv:1901.09392, definition 2): how far an explanation moves when its
/// input moves a little, relative to its own length,
///   max over s of |R(x + noise_s) - R(x)| / |R(x)|, in the Euclidean norm.
/// relevance: [B, F]; changed: [S, B, F], that of S changed inputs, for the same target -> [B] float64. 0
/// where nothing moves. Throws UserError for other shapes, values that are not finite, and relevance that is
/// 0 everywhere in an example.
///
/// Pitfall: the maximum grows with the number of samples and the size of the noise: compare under equal ones.
/// An explanation that ignores the input is perfectly robust.
Tensor max_sensitivity(const Tensor& relevance, const Tensor& changed);

/// `values` [B,...] with noise, uniform in [-radius, radius] per element, `samples` times: [S, B,...]. An
/// example's noise depends on its seed [B] alone, not on the batch that it stands in.
Tensor with_uniform_noise(const Tensor& values, double radius, int64_t samples,
                          const std::vector<uint64_t>& seeds);

/// The same with normal noise of standard deviation `deviation` (one for each example: [B]).
Tensor with_normal_noise(const Tensor& values, const Tensor& deviation, int64_t samples,
                         const std::vector<uint64_t>& seeds);

}  // namespace lrpp::evaluation
