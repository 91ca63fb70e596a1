#include <ATen/ExpandUtils.h>
#include <lrpp/framework/ops/products.h>

namespace lrpp::ops {
namespace {

class ProductView final : public LinearMap {
 public:
  ProductView(Tensor held, std::vector<int64_t> data_sizes)
      : held_(std::move(held)), sizes_(std::move(data_sizes)) {}
  Tensor apply(const Tensor& x) const override { return x * held_; }
  Tensor transpose(const Tensor& m) const override { return at::sum_to(m * held_, sizes_); }
  std::unique_ptr<LinearMap> with_weights(const std::function<Tensor(const Tensor&)>& change) const override {
    return std::make_unique<ProductView>(change(held_), sizes_);
  }

 private:
  Tensor held_;
  std::vector<int64_t> sizes_;
};

}  // namespace

Tensors Product::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& g = grad_outputs.at(0);
  return {at::sum_to(g * kept.input(1), kept.input_meta(0).sizes),
          at::sum_to(g * kept.input(0), kept.input_meta(1).sizes)};
}

std::unique_ptr<LinearMap> Product::linear_map(const Kept& kept, int data_input) const {
  return std::make_unique<ProductView>(kept.input(1 - data_input), kept.input_meta(data_input).sizes);
}

}  // namespace lrpp::ops
