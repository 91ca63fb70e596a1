#include <lrpp/framework/ops/batch_norm.h>
#include <lrpp/framework/ops/diagonal.h>

namespace lrpp::ops {

BatchNorm::BatchNorm(Tensor weight, Tensor bias, Tensor mean, Tensor variance, BatchNormAttributes attributes)
    : OpWith(attributes),
      weight_(std::move(weight)),
      bias_(std::move(bias)),
      mean_(std::move(mean)),
      variance_(std::move(variance)) {
  require(mean_.dim() == 1 && mean_.numel() > 0, "batch_norm", "mean must have shape [C]; got {}",
          shape_string(mean_.sizes()));
  for (const Tensor* t : {&weight_, &bias_, &variance_}) {
    require((!t->defined() && t != &variance_) || t->sizes() == mean_.sizes(), "batch_norm",
            "weight, bias and variance must have the mean's shape {}; got {}", shape_string(mean_.sizes()),
            shape_string(t->sizes()));
  }
  const Tensor spread = variance_.to(at::kDouble) + attributes_.eps;
  require(spread.min().item<double>() > 0, "batch_norm",
          "variance + eps must be positive; the smallest is {}", spread.min().item<double>());
  gain_ = at::rsqrt(spread);
  if (weight_.defined()) gain_ = gain_ * weight_.to(at::kDouble);
  shift_ = -gain_ * mean_.to(at::kDouble);
  if (bias_.defined()) shift_ = shift_ + bias_.to(at::kDouble);
}

Tensors BatchNorm::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  require(x.dim() >= 2 && x.size(1) == mean_.size(0), "batch_norm",
          "the input must have shape [B, {}, ...]; got {}", mean_.size(0), shape_string(x.sizes()));
  return {at::batch_norm(x, weight_, bias_, mean_, variance_, /*training=*/false, /*momentum=*/0,
                         attributes_.eps, /*cudnn_enabled=*/false)};
}

Tensors BatchNorm::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {linear_map(kept, 0)->transpose(grad_outputs.at(0))};
}

std::unique_ptr<LinearMap> BatchNorm::linear_map(const Kept& kept, int data_input) const {
  const size_t dims = kept.input_meta(0).sizes.size();
  const at::ScalarType dtype = mean_.scalar_type();
  return std::make_unique<DiagonalMap>(along(gain_.to(dtype), 1, dims), along(shift_.to(dtype), 1, dims));
}

NamedTensors BatchNorm::weights() const {
  NamedTensors result;
  if (weight_.defined()) result.emplace_back("weight", weight_);
  if (bias_.defined()) result.emplace_back("bias", bias_);
  result.emplace_back("running_mean", mean_);
  result.emplace_back("running_var", variance_);
  return result;
}

}  // namespace lrpp::ops
