#include <lrpp/framework/host_copies.h>
#include <lrpp/framework/ops/embedding.h>

namespace lrpp::ops {

Embedding::Embedding(Tensor weight, EmbeddingAttributes attributes)
    : weight_(std::move(weight)), attributes_(attributes) {
  require(weight_.dim() == 2, "embedding", "weight must have shape [V, D]; got {}",
          shape_string(weight_.sizes()));
}

Tensors Embedding::forward(const Tensors& inputs) const {
  const Tensor& ids = inputs.at(0);
  require(ids.scalar_type() == at::kLong, "embedding", "ids must be int64; got {}",
          at::toString(ids.scalar_type()));
  if (ids.numel() > 0) {
    const int64_t low = ids.min().item<int64_t>(), high = ids.max().item<int64_t>();
    require(low >= 0 && high < weight_.size(0), "embedding", "token ids must lie in [0, {}); got {}",
            weight_.size(0), low < 0 ? low : high);
  }
  const Tensor rows = at::embedding(weight_, to_device(ids, weight_.device()));
  if (attributes_.scale == 1) return {rows};
  return {rows * at::scalar_tensor(attributes_.scale, weight_.options())};
}

}  // namespace lrpp::ops
