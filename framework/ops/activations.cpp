#include <lrpp/framework/ops/activations.h>

#include <cmath>
#include <numbers>

namespace lrpp::ops {

Tensors Relu::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {at::threshold_backward(grad_outputs.at(0), kept.input(0), 0)};
}

Tensors Silu::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {at::silu_backward(grad_outputs.at(0), kept.input(0))};
}

Gelu::Gelu(GeluAttributes attributes) : attributes_(std::move(attributes)) {
  require(attributes_.approximate == "none" || attributes_.approximate == "tanh", "gelu",
          "approximate must be 'none' or 'tanh'; got '{}'", attributes_.approximate);
}

Tensors Gelu::forward(const Tensors& inputs) const {
  return {at::gelu(inputs.at(0), attributes_.approximate)};
}

Tensor Gelu::factor(const Tensor& x) const {
  if (attributes_.approximate == "none") return 0.5 * at::special_erfc(x * (-1 / std::numbers::sqrt2));
  const double scale = std::sqrt(2 / std::numbers::pi);
  return 0.5 * (1 + at::tanh(scale * (x + 0.044715 * x * x * x)));
}

Tensor Tanh::factor(const Tensor& x) const {
  // Below 1e-4 the next term of the series, 2 x^4 / 15, is under the rounding of float64.
  const Tensor small = x.abs() < 1e-4;
  const Tensor safe = at::where(small, at::ones_like(x), x);
  return at::where(small, 1 - x * x / 3, at::tanh(safe) / safe);
}

}  // namespace lrpp::ops
