#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/complexity.h>

namespace lrpp::evaluation {
namespace {

Tensor magnitudes(const Tensor& relevance) {
  require(relevance.dim() == 2 && relevance.size(1) >= 1, "evaluation",
          "relevance must be [B, F] of at least one feature; got {}", shape_string(relevance.sizes()));
  require(relevance.isfinite().all().item<bool>(), "evaluation",
          "relevance must be finite; got infinite values or NaN");
  return relevance.to(at::kCPU, at::kDouble).abs();
}

/// -sum p log p, where what is 0 adds nothing.
Tensor entropy_of_shares(const Tensor& shares) { return -at::xlogy(shares, shares).sum(1); }

/// a / b, and 0 where b is.
Tensor share_of(const Tensor& a, const Tensor& b) { return at::where(b.gt(0), a / b, at::zeros_like(a)); }

}  // namespace

Tensor gini(const Tensor& relevance) {
  const Tensor sorted = std::get<0>(magnitudes(relevance).sort(1));
  const auto features = static_cast<double>(relevance.size(1));
  const Tensor weights = at::arange(1, relevance.size(1) + 1, at::kDouble) * 2 - features - 1;
  return share_of((sorted * weights).sum(1), features * sorted.sum(1));
}

Tensor entropy(const Tensor& relevance) {
  const Tensor sizes = magnitudes(relevance);
  return entropy_of_shares(share_of(sizes, sizes.sum(1, true)));
}

Tensor histogram_entropy(const Tensor& relevance, int64_t bins) {
  require(bins >= 2, "evaluation", "a histogram needs at least 2 bins; got {}", bins);
  magnitudes(relevance);  // its checks
  const Tensor values = relevance.to(at::kCPU, at::kDouble);
  const Tensor low = values.amin(1, true), width = values.amax(1, true) - low;
  // The largest value belongs to the last bin.
  const Tensor bin = (share_of(values - low, width.expand_as(values)) * static_cast<double>(bins))
                         .floor()
                         .clamp_max(bins - 1);
  const Tensor counts = at::zeros({values.size(0), bins}, at::kDouble)
                            .scatter_add_(1, bin.to(at::kLong), at::ones_like(values));
  return entropy_of_shares(counts / static_cast<double>(values.size(1)));
}

}  // namespace lrpp::evaluation
