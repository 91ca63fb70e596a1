#include <lrpp/framework/cuda/float32_products.h>
#include <lrpp/framework/ops/linear.h>

namespace lrpp::ops {
namespace {

/// x W^T + b. `lasting`: see fp16x3_product.
Tensor forward_product(const Tensor& x, const Tensor& weight, const Tensor& bias, bool lasting) {
  const std::optional<Tensor> made = fp16x3_product(x, weight, WeightIs::transposed, bias, lasting);
  if (made) return *made;
  // As a matrix, where x can be seen as one: LibTorch then adds the bias inside the product, even of rows
  // that lie apart, and in a pass of its own otherwise.
  const bool is_matrix = x.dim() == 3 && x.stride(0) == x.size(1) * x.stride(1);
  if (!bias.defined() || !is_matrix || x.numel() == 0) return at::linear(x, weight, bias);
  return at::linear(x.flatten(0, 1), weight, bias).unflatten(0, {x.size(0), x.size(1)});
}

/// m W.
Tensor back_product(const Tensor& m, const Tensor& weight, bool lasting) {
  const std::optional<Tensor> made = fp16x3_product(m, weight, WeightIs::plain, {}, lasting);
  return made ? *made : at::matmul(m, weight);
}

class LinearView final : public LinearMap {
 public:
  LinearView(Tensor weight, Tensor bias, bool lasting)
      : weight_(std::move(weight)), bias_(std::move(bias)), lasting_(lasting) {}
  Tensor apply(const Tensor& x) const override { return forward_product(x, weight_, {}, lasting_); }
  Tensor transpose(const Tensor& m) const override { return back_product(m, weight_, lasting_); }
  Tensor bias() const override { return bias_; }
  std::unique_ptr<LinearMap> with_weights(const std::function<Tensor(const Tensor&)>& change) const override {
    return std::make_unique<LinearView>(change(weight_), bias_, /*lasting=*/false);
  }

 private:
  Tensor weight_, bias_;
  bool lasting_;  // an op's own weight, not one changed for a rule
};

}  // namespace

Linear::Linear(Tensor weight, Tensor bias) : weight_(std::move(weight)), bias_(std::move(bias)) {
  require(weight_.dim() == 2, "linear", "weight must have shape [O, I]; got {}",
          shape_string(weight_.sizes()));
  require(!bias_.defined() || bias_.sizes() == at::IntArrayRef{weight_.size(0)}, "linear",
          "bias must have shape [{}]; got {}", weight_.size(0),
          bias_.defined() ? shape_string(bias_.sizes()) : "");
}

Tensors Linear::forward(const Tensors& inputs) const {
  return {forward_product(inputs.at(0), weight_, bias_, /*lasting=*/true)};
}

Tensors Linear::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {back_product(grad_outputs.at(0), weight_, /*lasting=*/true)};
}

std::unique_ptr<LinearMap> Linear::linear_map(const Kept& kept, int data_input) const {
  return std::make_unique<LinearView>(weight_, bias_, /*lasting=*/true);
}

Json Linear::attributes() const {
  return {{"in_features", weight_.size(1)}, {"out_features", weight_.size(0)}, {"bias", bias_.defined()}};
}

NamedTensors Linear::weights() const {
  NamedTensors result{{"weight", weight_}};
  if (bias_.defined()) result.emplace_back("bias", bias_);
  return result;
}

}  // namespace lrpp::ops
