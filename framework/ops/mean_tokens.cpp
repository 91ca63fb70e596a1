#include <lrpp/framework/ops/mean_tokens.h>

#include <algorithm>
#include <set>

namespace lrpp::ops {

MeanTokens::MeanTokens(MeanTokensAttributes attributes) : attributes_(std::move(attributes)) {
  const std::vector<int64_t>& indices = attributes_.indices;
  const std::set<int64_t> distinct(indices.begin(), indices.end());
  require(distinct.size() == indices.size() && (distinct.empty() || *distinct.begin() >= 0), "mean_tokens",
          "indices must be at least 0 and differ from each other; got {}", shape_string(indices));
}

Tensors MeanTokens::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  require(x.dim() == 3 && x.size(1) > 0, "mean_tokens", "the input must be [B,T,D] with a token; got {}",
          shape_string(x.sizes()));
  if (attributes_.indices.empty()) return {x.mean(1)};
  Tensors chosen;
  for (const int64_t index : attributes_.indices) {
    require(index < x.size(1), "mean_tokens", "indices must lie in [0, T) of an input [B,T,D]; got {} for {}",
            index, shape_string(x.sizes()));
    chosen.push_back(x.select(1, index));
  }
  return {at::stack(chosen, 1).mean(1)};
}

// [docs:transpose]
Tensors MeanTokens::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& g = grad_outputs.at(0);
  const std::vector<int64_t>& sizes = kept.input_meta(0).sizes;
  if (attributes_.indices.empty()) {
    return {(g / static_cast<double>(sizes.at(1))).unsqueeze(1).expand(sizes)};
  }
  Tensor result = at::zeros(sizes, g.options());
  const Tensor share = g / static_cast<double>(attributes_.indices.size());
  for (const int64_t index : attributes_.indices) result.select(1, index).copy_(share);
  return {result};
}
// [/docs:transpose]

}  // namespace lrpp::ops
