#include <fmt/ranges.h>
#include <lrpp/framework/tensor.h>

namespace lrpp {

std::string shape_string(at::IntArrayRef sizes) {
  return fmt::format("[{}]", fmt::join(sizes.begin(), sizes.end(), ", "));
}

Tensor sum_per_example(const Tensor& values) {
  const Tensor wide = values.to(at::kDouble);
  return wide.dim() <= 1 ? wide.reshape({-1}) : wide.flatten(1).sum(1);
}

Tensor dot_per_example(const Tensor& values, const Tensor& multiplier) {
  return sum_per_example(values.to(at::kDouble) * multiplier.to(at::kDouble));
}

Tensor stabilize(const Tensor& x, double epsilon) { return at::where(x >= 0, x + epsilon, x - epsilon); }

Tensor add_defined(const Tensor& a, const Tensor& b) {
  if (!a.defined()) return b;
  if (!b.defined()) return a;
  return a + b;
}

}  // namespace lrpp
