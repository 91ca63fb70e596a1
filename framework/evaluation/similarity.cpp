#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/similarity.h>

namespace lrpp::evaluation {
namespace {

/// Ranks from 0, ties sharing their mean, less the mean of all ranks: [B, F] float64.
Tensor centred_ranks(const Tensor& values) {
  const Tensor sorted = std::get<0>(values.sort(1)).contiguous(), at = values.contiguous();
  const Tensor below = at::searchsorted(sorted, at, false, /*right=*/false);
  const Tensor up_to = at::searchsorted(sorted, at, false, /*right=*/true);
  return (below + up_to).to(at::kDouble) / 2 - static_cast<double>(values.size(1)) / 2;
}

}  // namespace

Tensor rank_correlation(const Tensor& a, const Tensor& b) {
  require(a.dim() == 2 && a.sizes() == b.sizes() && a.size(1) >= 1, "evaluation",
          "rank correlation takes two explanations [B, F] of the same F >= 1 features; got {} and {}",
          shape_string(a.sizes()), shape_string(b.sizes()));
  require(a.isfinite().all().item<bool>() && b.isfinite().all().item<bool>(), "evaluation",
          "relevance must be finite to be ranked; got infinite values or NaN");
  const Tensor x = centred_ranks(a.to(at::kCPU, at::kDouble)), y = centred_ranks(b.to(at::kCPU, at::kDouble));
  const Tensor scale = (x.square().sum(1) * y.square().sum(1)).sqrt();
  return at::where(scale.gt(0), (x * y).sum(1) / scale, at::zeros_like(scale));
}

}  // namespace lrpp::evaluation
