#pragma once

#include <lrpp/framework/tensor.h>

namespace lrpp::evaluation {

/// The Gini index of |R| (Chalasani et al. 2020, arXiv:1810.06583): with r the sorted |R|, smallest first,
///   sum over i = 1..F of (2 i - F - 1) r_i / (F sum of r),
/// from 0, all features alike, to 1 - 1/F, all relevance on one. [B, F] -> [B] float64; 0 where all
/// relevance is 0. Sparse is not faithful: one random feature has the highest score.
Tensor gini(const Tensor& relevance);

/// The entropy in nats of the shares |R_i| / sum of |R| (Bhatt et al. 2020, arXiv:2005.00631), from 0, all
/// relevance on one feature, to log F. [B, F] -> [B] float64; 0 where all relevance is 0. It grows with F:
/// compare examples of one size, or means over the same data.
Tensor entropy(const Tensor& relevance);

/// The entropy in nats of the histogram of R in equal bins from its smallest to its largest value: what
/// efficient MPRT measures complexity by. [B, F] -> [B] float64; 0 where all values are equal. Throws
/// UserError for fewer than 2 bins and values that are not finite.
Tensor histogram_entropy(const Tensor& relevance, int64_t bins);

}  // namespace lrpp::evaluation
