#include <lrpp/framework/ops/concat.h>

namespace lrpp::ops {

Concat::Concat(ConcatAttributes attributes) : attributes_(attributes) {
  require(attributes_.inputs > 0, "concat", "inputs must be positive; got {}", attributes_.inputs);
}

Tensors Concat::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& g = grad_outputs.at(0);
  std::vector<int64_t> sizes;
  for (int i = 0; i < num_inputs(); ++i) {
    const std::vector<int64_t>& shape = kept.input_meta(i).sizes;
    sizes.push_back(shape.at(static_cast<size_t>(at::maybe_wrap_dim(attributes_.dim, g.dim()))));
  }
  return at::split_with_sizes(g, sizes, attributes_.dim);
}

Tensors SelectIndex::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  require(x.dim() >= 2 && attributes_.index >= 0 && attributes_.index < x.size(1), "select_index",
          "index must lie in [0, T) of an input [B,T,D]; got {} for {}", attributes_.index,
          shape_string(x.sizes()));
  return {x.select(1, attributes_.index)};
}

Tensors SelectIndex::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {at::select_backward(grad_outputs.at(0), kept.input_meta(0).sizes, 1, attributes_.index)};
}

}  // namespace lrpp::ops
