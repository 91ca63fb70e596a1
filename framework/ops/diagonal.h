#pragma once

#include <lrpp/framework/linear_map.h>

namespace lrpp::ops {

/// y = gain x + bias, element by element. `gain` and `bias` (which may be undefined) broadcast to x, and may
/// be wider than it: results have the dtype of what comes in.
class DiagonalMap final : public LinearMap {
 public:
  DiagonalMap(Tensor gain, Tensor bias) : gain_(std::move(gain)), bias_(std::move(bias)) {}
  Tensor apply(const Tensor& x) const override { return (x * gain_).to(x.scalar_type()); }
  Tensor transpose(const Tensor& m) const override { return apply(m); }
  Tensor bias() const override { return bias_; }
  std::unique_ptr<LinearMap> with_weights(const std::function<Tensor(const Tensor&)>& change) const override {
    return std::make_unique<DiagonalMap>(change(gain_), bias_);
  }

 private:
  Tensor gain_, bias_;
};

/// A vector [D] as a tensor that broadcasts along dimension `dim` of a value with `dims` dimensions.
inline Tensor along(const Tensor& vector, int64_t dim, size_t dims) {
  const auto count = static_cast<int64_t>(dims);
  std::vector<int64_t> sizes(static_cast<size_t>(count - (dim < 0 ? dim + count : dim)), 1);
  sizes.at(0) = vector.size(0);
  return vector.reshape(sizes);
}

}  // namespace lrpp::ops
