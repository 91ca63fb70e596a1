#include <lrpp/framework/ops/diagonal.h>
#include <lrpp/framework/ops/scale.h>

namespace lrpp::ops {

Scale::Scale(Tensor weight, ScaleAttributes attributes) : OpWith(attributes), weight_(std::move(weight)) {
  require(weight_.dim() == 1, "scale", "weight must have shape [D]; got {}", shape_string(weight_.sizes()));
}

Tensors Scale::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  const int64_t dim = attributes_.dim < 0 ? attributes_.dim + x.dim() : attributes_.dim;
  require(dim >= 0 && dim < x.dim() && x.size(dim) == weight_.size(0), "scale",
          "dimension {} of the input must have size {}; got shape {}", attributes_.dim, weight_.size(0),
          shape_string(x.sizes()));
  return {x * along(weight_, dim, static_cast<size_t>(x.dim()))};
}

Tensors Scale::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {linear_map(kept, 0)->transpose(grad_outputs.at(0))};
}

std::unique_ptr<LinearMap> Scale::linear_map(const Kept& kept, int data_input) const {
  return std::make_unique<DiagonalMap>(along(weight_, attributes_.dim, kept.input_meta(0).sizes.size()),
                                       Tensor());
}

}  // namespace lrpp::ops
