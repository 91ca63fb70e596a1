#include <lrpp/framework/ops/position_ids.h>

namespace lrpp::ops {

Tensors PositionIds::forward(const Tensors& inputs) const {
  const Tensor& ids = inputs.at(0);
  require(ids.dim() == 2 && ids.scalar_type() == at::kLong, "position_ids",
          "ids must be int64 of shape [B,T]; got {} {}", at::toString(ids.scalar_type()),
          shape_string(ids.sizes()));
  if (!attributes_.padding_idx) return {at::arange(ids.size(1), ids.options()).expand(ids.sizes())};
  const Tensor real = ids.ne(*attributes_.padding_idx).to(at::kLong);
  return {real.cumsum(1) * real + *attributes_.padding_idx};
}

}  // namespace lrpp::ops
