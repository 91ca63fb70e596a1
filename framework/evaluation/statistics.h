#pragma once

#include <cstdint>
#include <vector>

namespace lrpp::evaluation {

struct Interval {
  double mean = 0, low = 0, high = 0;
};

/// The mean of independent values and its bootstrap interval by percentiles (Efron and Tibshirani 1993,
/// chapter 13): the mean of as many values, drawn with replacement, `resamples` times, of which `confidence`
/// lie inside, as many above as below. The same seed gives the same interval on every machine. Of one value
/// the interval is that value. Throws UserError for no values and values that are not finite.
///
/// Pitfall: intervals of methods on the same examples may overlap where their differences do not touch 0: the
/// examples differ more than the methods. Take the interval of the differences.
Interval bootstrap_mean(const std::vector<double>& values, uint64_t seed, double confidence = 0.95,
                        int resamples = 10'000);

/// The two-sided p-value of the mean difference of paired values, by flipping the signs of differences: the
/// share of sign patterns whose mean is at least as far from 0. Exact up to 16 pairs; of more, from
/// `resamples` random patterns and the observed one, so that it is never 0 (Phipson and Smyth 2010,
/// arXiv:1603.05766). Throws UserError for lists of different length, none, or values that are not finite.
double paired_permutation_test(const std::vector<double>& a, const std::vector<double>& b, uint64_t seed,
                               int resamples = 10'000);

}  // namespace lrpp::evaluation
