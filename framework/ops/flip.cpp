#include <lrpp/framework/ops/flip.h>

#include <algorithm>

namespace lrpp::ops {

Flip::Flip(FlipAttributes attributes) : attributes_(std::move(attributes)) {
  const std::vector<int64_t>& dims = attributes_.dims;
  const bool after_batch = std::all_of(dims.begin(), dims.end(), [](int64_t dim) { return dim > 0; });
  require(!dims.empty() && after_batch, "flip",
          "dims must name dimensions after the batch, counted from the front; got {}", shape_string(dims));
}

Tensors Flip::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  const int64_t last = *std::max_element(attributes_.dims.begin(), attributes_.dims.end());
  require(last < x.dim(), "flip", "the input must have a dimension {}; got shape {}", last,
          shape_string(x.sizes()));
  return {x.flip(attributes_.dims)};
}

Tensors Flip::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {grad_outputs.at(0).flip(attributes_.dims)};
}

}  // namespace lrpp::ops
