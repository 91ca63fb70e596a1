#include <lrpp/framework/ops/shapes.h>

#include <algorithm>

namespace lrpp::ops {

Flatten::Flatten(FlattenAttributes attributes) : attributes_(attributes) {
  require(attributes_.start_dim != 0, "flatten",
          "start_dim must not be 0: the batch is no dimension to be joined");
}

Tensors Flatten::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  const auto from_front = [&](int64_t dim) { return dim < 0 ? dim + x.dim() : dim; };
  const int64_t start = from_front(attributes_.start_dim), end = from_front(attributes_.end_dim);
  require(start >= 1 && start <= end && end < x.dim(), "flatten",
          "start_dim {} and end_dim {} must name dimensions after the batch in their order; got an input of "
          "shape {}",
          attributes_.start_dim, attributes_.end_dim, shape_string(x.sizes()));
  return {at::flatten(x, start, end)};
}

Tensors Flatten::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {grad_outputs.at(0).reshape(kept.input_meta(0).sizes)};
}

Permute::Permute(PermuteAttributes attributes) : attributes_(std::move(attributes)) {
  const std::vector<int64_t>& dims = attributes_.dims;
  inverse_.assign(dims.size(), -1);
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool inside = dims[i] >= 0 && dims[i] < static_cast<int64_t>(dims.size());
    if (inside) inverse_[static_cast<size_t>(dims[i])] = static_cast<int64_t>(i);
  }
  const bool each_once = std::find(inverse_.begin(), inverse_.end(), -1) == inverse_.end();
  require(!dims.empty() && each_once && dims[0] == 0, "permute",
          "dims must hold each dimension once and begin with 0, the batch; got {}", shape_string(dims));
}

Tensors Permute::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  require(x.dim() == static_cast<int64_t>(inverse_.size()), "permute",
          "the input must have {} dimensions; got shape {}", inverse_.size(), shape_string(x.sizes()));
  return {x.permute(attributes_.dims)};
}

Tensors Permute::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {grad_outputs.at(0).permute(inverse_)};
}

}  // namespace lrpp::ops
