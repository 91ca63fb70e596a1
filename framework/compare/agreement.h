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
/// relevance on scales of their own.
///
/// Where units of equal relevance stand at the border of the k first, the overlap is what is expected when
/// each explanation draws among its own at random. So an explanation that tells nothing apart has k / U in
/// common with every other and with itself, which is what chance gives.
///
/// Throws UserError for other shapes, k outside [1, U], and relevance that is not finite.
Agreement agreement(const Tensor& relevance, int64_t k);

}  // namespace lrpp
