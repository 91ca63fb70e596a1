#include <lrpp/framework/compare/agreement.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/similarity.h>

namespace lrpp {
namespace {

/// How probable it is that each unit is one of the k first of its row, where equal ones are drawn at random:
/// [S, U], whose rows add up to k.
Tensor chances_of_first(const Tensor& relevance, int64_t k) {
  const Tensor border = std::get<0>(relevance.topk(k, /*dim=*/1)).slice(1, k - 1, k);  // the k-th largest
  const Tensor above = relevance.gt(border).to(at::kDouble), equal = relevance.eq(border).to(at::kDouble);
  const Tensor places = static_cast<double>(k) - above.sum(1, /*keepdim=*/true);
  return above + equal * (places / equal.sum(1, /*keepdim=*/true));
}

}  // namespace

Agreement agreement(const Tensor& relevance, int64_t k) {
  require(relevance.dim() == 2 && relevance.size(1) >= 1, "compare",
          "explanations must be [S, U], of at least one unit; got {}", shape_string(relevance.sizes()));
  require(k >= 1 && k <= relevance.size(1), "compare", "k must lie in [1, {}]; got {}", relevance.size(1), k);
  const int64_t sides = relevance.size(0), units = relevance.size(1);
  Agreement result{at::zeros({sides, sides}, at::kDouble), {}, k};
  for (int64_t i = 0; i < sides; ++i) {
    const Tensor row = relevance[i].expand({sides, units});
    result.rank_correlation[i] = evaluation::rank_correlation(row, relevance);
  }
  // Draws of two explanations are independent, so the chance that both choose a unit is the product.
  const Tensor chances = chances_of_first(relevance, k);
  result.overlap = at::matmul(chances, chances.t()) / static_cast<double>(k);
  return result;
}

}  // namespace lrpp
