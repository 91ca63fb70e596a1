#include <lrpp/framework/ops/parameter.h>

namespace lrpp::ops {

Parameter::Parameter(Tensor value) : value_(std::move(value)) {
  require(value_.dim() > 1 && value_.size(0) == 1, "parameter", "value must have shape [1, ...]; got {}",
          shape_string(value_.sizes()));
}

Tensors Parameter::forward(const Tensors& inputs) const {
  std::vector<int64_t> sizes = value_.sizes().vec();
  sizes[0] = inputs.at(0).size(0);
  return {value_.expand(sizes)};
}

}  // namespace lrpp::ops
