#include <lrpp/framework/ops/rope.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lrpp::ops {
namespace {

Tensor powers(double theta, int64_t dim) {
  const Tensor exponent = at::arange(0, dim, 2, at::kDouble) / static_cast<double>(dim);
  return at::pow(theta, -exponent);
}

Tensor dynamic_frequencies(const RopeAttributes& a, int64_t tokens) {
  const double length = static_cast<double>(std::max(tokens, a.trained_positions));
  const double growth = a.factor * length / static_cast<double>(a.trained_positions) - (a.factor - 1);
  const auto dim = static_cast<double>(a.dim);
  return powers(a.theta * std::pow(growth, dim / (dim - 2)), a.dim);
}

Tensor llama3_frequencies(const RopeAttributes& a) {
  const Tensor frequency = powers(a.theta, a.dim);
  const Tensor turns = frequency * (static_cast<double>(a.trained_positions) / (2 * std::numbers::pi));
  // 0 where a pair turns less than low_freq_factor times over the trained context, 1 above high_freq_factor.
  const Tensor ramp = ((turns - a.low_freq_factor) / (a.high_freq_factor - a.low_freq_factor)).clamp(0, 1);
  return frequency * (ramp + (1 - ramp) / a.factor);
}

/// The index of the pair that turns so many times over the trained context, as a real number.
double pair_that_turns(const RopeAttributes& a, double times) {
  return static_cast<double>(a.dim) *
         std::log(static_cast<double>(a.trained_positions) / (times * 2 * std::numbers::pi)) /
         (2 * std::log(a.theta));
}

Tensor yarn_frequencies(const RopeAttributes& a) {
  const double low = std::max(std::floor(pair_that_turns(a, a.beta_fast)), 0.0);
  double high = std::min(std::ceil(pair_that_turns(a, a.beta_slow)), static_cast<double>(a.dim - 1));
  if (low == high) high += 0.001;  // transformers' way around 0 / 0: a step instead of a ramp
  const Tensor ramp = ((at::arange(a.dim / 2, at::kDouble) - low) / (high - low)).clamp(0, 1);
  return powers(a.theta, a.dim) * (1 - ramp + ramp / a.factor);
}

void check(const RopeAttributes& a) {
  require(a.dim > 0 && a.dim % 2 == 0, "rope", "dim must be even and positive; got {}", a.dim);
  require(a.theta > 0, "rope", "theta must be positive; got {}", a.theta);
  require(a.factor >= 1, "rope", "factor must be at least 1; got {}", a.factor);
  require(a.attention_factor > 0, "rope", "attention_factor must be positive; got {}", a.attention_factor);
  if (a.scaling == "default" || a.scaling == "linear") return;
  require(a.scaling == "dynamic" || a.scaling == "llama3" || a.scaling == "yarn", "rope",
          "scaling must be default, linear, dynamic, llama3 or yarn; got '{}', which is not supported",
          a.scaling);
  require(a.trained_positions > 0, "rope", "scaling '{}' needs trained_positions above 0; got {}", a.scaling,
          a.trained_positions);
  require(a.scaling != "dynamic" || a.dim > 2, "rope", "scaling 'dynamic' needs dim above 2; got {}", a.dim);
  require(a.high_freq_factor > a.low_freq_factor, "rope",
          "high_freq_factor must be above low_freq_factor; got {} and {}", a.high_freq_factor,
          a.low_freq_factor);
  require(a.beta_slow > 0 && a.beta_fast >= a.beta_slow, "rope",
          "beta_slow must be positive and beta_fast at least as large; got {} and {}", a.beta_slow,
          a.beta_fast);
  require(a.scaling != "yarn" || a.theta > 1, "rope", "scaling 'yarn' needs theta above 1; got {}", a.theta);
}

}  // namespace

Tensor rope_frequencies(const RopeAttributes& attributes, int64_t tokens) {
  check(attributes);
  if (attributes.scaling == "linear") return powers(attributes.theta, attributes.dim) / attributes.factor;
  if (attributes.scaling == "dynamic") return dynamic_frequencies(attributes, tokens);
  if (attributes.scaling == "llama3") return llama3_frequencies(attributes);
  if (attributes.scaling == "yarn") return yarn_frequencies(attributes);
  return powers(attributes.theta, attributes.dim);
}

RopeTable::RopeTable(RopeAttributes attributes) : attributes_(std::move(attributes)) { check(attributes_); }

std::pair<Tensor, Tensor> RopeTable::at(int64_t tokens, at::ScalarType dtype, at::Device device) const {
  const std::lock_guard lock(mutex_);
  const bool fits =
      cos_.defined() && cos_.size(0) == tokens && cos_.scalar_type() == dtype && cos_.device() == device;
  if (!fits) {
    const Tensor angle = at::outer(at::arange(tokens, at::kDouble), rope_frequencies(attributes_, tokens));
    cos_ = (angle.cos() * attributes_.attention_factor).to(device, dtype);
    sin_ = (angle.sin() * attributes_.attention_factor).to(device, dtype);
  }
  return {cos_, sin_};
}

Tensor Rope::turned(const Tensor& x, bool back) const {
  const int64_t half = table_->attributes().dim / 2, size = x.size(3);
  const auto [cos, sin] = table_->at(x.size(2), x.scalar_type(), x.device());
  const double sign = back ? -1 : 1;
  const Tensor a = x.slice(3, 0, half), b = x.slice(3, half, 2 * half);
  const Tensor turned_a = at::addcmul(a * cos, b, sin, -sign);
  const Tensor turned_b = at::addcmul(b * cos, a, sin, sign);
  if (2 * half == size) return at::cat({turned_a, turned_b}, 3);
  return at::cat({turned_a, turned_b, x.slice(3, 2 * half, size)}, 3);
}

Tensors Rope::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  require(x.dim() == 4 && x.size(3) >= table_->attributes().dim, "rope",
          "queries and keys must have shape [B,H,T,d] with d at least {}; got {}", table_->attributes().dim,
          shape_string(x.sizes()));
  return {turned(x, /*back=*/false)};
}

Tensors Rope::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {turned(grad_outputs.at(0), /*back=*/true)};
}

}  // namespace lrpp::ops
