#include <lrpp/framework/ops/mul_scalar.h>

#include <cmath>

namespace lrpp::ops {

MulScalar::MulScalar(MulScalarAttributes attributes) : attributes_(attributes) {
  require(std::isfinite(attributes_.factor), "mul_scalar", "factor must be finite; got {}",
          attributes_.factor);
}

Tensors MulScalar::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {grad_outputs.at(0) * attributes_.factor};
}

}  // namespace lrpp::ops
