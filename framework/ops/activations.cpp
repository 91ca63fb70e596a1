#include <lrpp/framework/ops/activations.h>

#include <cmath>
#include <numbers>

namespace lrpp::ops {
namespace {

/// tanh(x) / x with its limit 1 at 0.
Tensor tanh_over_x(const Tensor& x) {
  // Below 1e-4 the next term of the series, 2 x^4 / 15, is under the rounding of float64.
  const Tensor small = x.abs() < 1e-4;
  const Tensor safe = at::where(small, at::ones_like(x), x);
  return at::where(small, 1 - x * x / 3, at::tanh(safe) / safe);
}

}  // namespace

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
  if (attributes_.approximate == "none") return at::special_erfc(x * (-1 / std::numbers::sqrt2)).mul_(0.5);
  const double scale = std::sqrt(2 / std::numbers::pi);
  return 0.5 * (1 + at::tanh(scale * (x + 0.044715 * x * x * x)));
}

Tensor Tanh::factor(const Tensor& x) const { return tanh_over_x(x); }

SoftCap::SoftCap(SoftCapAttributes attributes) : attributes_(attributes) {
  require(attributes_.cap > 0, "soft_cap", "cap must be positive; got {}", attributes_.cap);
}

Tensors SoftCap::forward(const Tensors& inputs) const {
  return {at::tanh(inputs.at(0) / attributes_.cap) * attributes_.cap};
}

Tensors SoftCap::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {at::tanh_backward(grad_outputs.at(0), at::tanh(kept.input(0) / attributes_.cap))};
}

Tensor SoftCap::factor(const Tensor& x) const { return tanh_over_x(x / attributes_.cap); }

Tensors QuickGelu::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& x = kept.input(0);
  const Tensor gate = factor(x);
  return {grad_outputs.at(0) * gate * (1 + 1.702 * x * (1 - gate))};
}

Tensors Relu2::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {grad_outputs.at(0) * (2 * at::relu(kept.input(0)))};
}

Clamp::Clamp(ClampAttributes attributes) : attributes_(attributes) {
  require(attributes_.min <= attributes_.max, "clamp", "min must not be above max; got {} and {}",
          attributes_.min, attributes_.max);
}

Tensors Clamp::forward(const Tensors& inputs) const {
  return {at::clamp(inputs.at(0), attributes_.min, attributes_.max)};
}

}  // namespace lrpp::ops
