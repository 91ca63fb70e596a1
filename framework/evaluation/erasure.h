#pragma once

#include <lrpp/framework/evaluation/curves.h>

#include <vector>

namespace lrpp::evaluation {

// How much of the followed quantity (a probability, as the paper has it) rests on the features that an
// explanation names (DeYoung et al. 2020, ERASER, arXiv:1911.03429, equations 1 to 3). f(x) is that of the
// whole input, r_q the ceil(q F) most relevant features, for shares q such as 1%, 5%, 10%, 20% and 50%.
// relevance: [B, F] -> [B] float64. Both throw UserError for shares outside of (0, 1].
//
// The paper counts the share 0% in the divisor, whose own term is 0. Pitfall: shares of short inputs are
// rounded up, so that 1% and 5% of ten tokens are one and the same.

/// The sum over q of f(x) - f(x without r_q), divided by (number of shares + 1). High is good.
Tensor comprehensiveness(const Followed& followed, const Tensor& relevance,
                         const std::vector<double>& shares);

/// The sum over q of f(x) - f(r_q alone), divided by (number of shares + 1). Low is good.
Tensor sufficiency(const Followed& followed, const Tensor& relevance, const std::vector<double>& shares);

}  // namespace lrpp::evaluation
