#include <lrpp/framework/compare/agreement.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/evaluation/similarity.h>

#include <algorithm>

namespace lrpp {
namespace {

/// How much of each of `from` intervals lies in each of `to` intervals of the same whole: [to, from], whose
/// columns add up to 1.
Tensor shares(int64_t from, int64_t to) {
  Tensor result = at::zeros({to, from}, at::kDouble);
  auto cell = result.accessor<double, 2>();
  // In units of 1 / (from * to), in which all edges are whole numbers.
  for (int64_t i = 0; i < to; ++i) {
    for (int64_t j = i * from / to; j < from && j * to < (i + 1) * from; ++j) {
      const int64_t begin = std::max(i * from, j * to), end = std::min((i + 1) * from, (j + 1) * to);
      cell[i][j] = static_cast<double>(end - begin) / static_cast<double>(to);
    }
  }
  return result;
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
  const Tensor order = relevance.argsort(/*stable=*/true, /*dim=*/1, /*descending=*/true).slice(1, 0, k);
  const Tensor chosen = at::zeros({sides, units}, at::kDouble).scatter_(1, order, 1.0);
  result.overlap = at::matmul(chosen, chosen.t()) / static_cast<double>(k);
  return result;
}

Tensor to_grid(const Tensor& map, int64_t height, int64_t width) {
  require(map.dim() == 2 && map.numel() > 0, "compare", "a map must be [H, W]; got {}",
          shape_string(map.sizes()));
  require(height >= 1 && width >= 1, "compare", "a grid needs at least one cell; got {} x {}", height, width);
  const Tensor values = map.to(at::kCPU, at::kDouble);
  return at::matmul(at::matmul(shares(map.size(0), height), values), shares(map.size(1), width).t());
}

}  // namespace lrpp
