#include <lrpp/framework/evaluation/conservation.h>

namespace lrpp::evaluation {

Tensor conservation_error(const Tensor& relevance, const Tensor& score) {
  const Tensor sum = sum_per_example(relevance).cpu(), wanted = score.to(at::kCPU, at::kDouble);
  const Tensor scale = sum.abs() + wanted.abs();
  return at::where(scale.gt(0), (sum - wanted).abs() / scale, at::zeros_like(scale));
}

}  // namespace lrpp::evaluation
