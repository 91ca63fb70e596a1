#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/curves.h>
#include <lrpp/framework/evaluation/localization.h>

namespace lrpp::evaluation {
namespace {

void check(const Tensor& relevance, const Tensor& truth) {
  require(relevance.dim() == 2 && relevance.sizes() == truth.sizes() && truth.scalar_type() == at::kBool,
          "evaluation", "relevance [B, F] needs a ground truth [B, F] of booleans; got {} and {}",
          shape_string(relevance.sizes()), shape_string(truth.sizes()));
  require(relevance.isfinite().all().item<bool>(), "evaluation",
          "relevance must be finite; got infinite values or NaN");
  const Tensor empty = truth.any(1).logical_not();
  require(!empty.any().item<bool>(), "evaluation",
          "each example needs at least one true feature; example {} has none. Leave it out",
          empty.to(at::kByte).argmax().item<int64_t>());
}

Tensor mean_where(const Tensor& truth, const Tensor& chosen) {
  return truth.logical_and(chosen).sum(1).to(at::kDouble) / chosen.sum(1).to(at::kDouble);
}

}  // namespace

Tensor pointing_game(const Tensor& relevance, const Tensor& truth) {
  check(relevance, truth);
  return mean_where(truth, relevance.eq(relevance.amax(1, true)));
}

Tensor rank_accuracy(const Tensor& relevance, const Tensor& truth) {
  check(relevance, truth);
  return mean_where(truth, ranks(relevance, true).lt(truth.sum(1, true)));
}

Tensor mass_accuracy(const Tensor& relevance, const Tensor& truth) {
  check(relevance, truth);
  const Tensor positive = relevance.to(at::kDouble).clamp_min(0), all = positive.sum(1);
  return at::where(all.gt(0), (positive * truth).sum(1) / all, at::zeros_like(all));
}

}  // namespace lrpp::evaluation
