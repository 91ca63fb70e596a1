#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/erasure.h>

#include <cmath>

namespace lrpp::evaluation {
namespace {

/// remaining(rank, n) says what is kept when n features are named.
template <class Remaining>
Tensor mean_drop(const Followed& followed, const Tensor& relevance, const std::vector<double>& shares,
                 const Remaining& remaining) {
  require(!shares.empty(), "evaluation", "comprehensiveness and sufficiency need at least one share");
  const Tensor rank = ranks(relevance, true);
  Tensors kept{at::ones_like(rank, at::kBool)};
  for (const double share : shares) {
    require(share > 0 && share <= 1, "evaluation", "a share of features must lie in (0, 1]; got {}", share);
    // Not a feature more where the product is a whole number that rounding put slightly above.
    const double named = std::ceil(share * static_cast<double>(rank.size(1)) - 1e-9);
    kept.push_back(remaining(rank, static_cast<int64_t>(named)));
  }
  const auto lists = static_cast<int64_t>(kept.size());
  const Tensor example = at::arange(rank.size(0), at::kLong).repeat({lists});
  const Tensor values = follow(followed, example, at::cat(kept)).view({lists, rank.size(0)});
  return (values[0].unsqueeze(0) - values.slice(0, 1)).sum(0) / static_cast<double>(lists);
}

}  // namespace

Tensor comprehensiveness(const Followed& followed, const Tensor& relevance,
                         const std::vector<double>& shares) {
  return mean_drop(followed, relevance, shares, [](const Tensor& rank, int64_t n) { return rank.ge(n); });
}

Tensor sufficiency(const Followed& followed, const Tensor& relevance, const std::vector<double>& shares) {
  return mean_drop(followed, relevance, shares, [](const Tensor& rank, int64_t n) { return rank.lt(n); });
}

}  // namespace lrpp::evaluation
