#include <lrpp/plugins/mamba/kernels/conv1d_op.h>
#include <lrpp/plugins/mamba/ops/conv1d.h>

namespace lrpp::mamba {
namespace {

class Conv1dView final : public LinearMap {
 public:
  Conv1dView(Tensor taps, Tensor bias) : taps_(std::move(taps)), bias_(std::move(bias)) {}
  Tensor apply(const Tensor& x) const override { return conv1d(x, taps_, std::nullopt, /*silu=*/false); }
  Tensor transpose(const Tensor& m) const override { return conv1d_relevance(m, taps_); }
  Tensor bias() const override { return bias_; }
  std::unique_ptr<LinearMap> with_weights(const std::function<Tensor(const Tensor&)>& change) const override {
    return std::make_unique<Conv1dView>(change(taps_), bias_);
  }

 private:
  Tensor taps_, bias_;
};

}  // namespace

Conv1d::Conv1d(const Tensor& weight, Tensor bias) : bias_(std::move(bias)) {
  require(weight.dim() == 3 && weight.size(1) == 1, "conv1d", "weight must have shape [E, 1, K]; got {}",
          shape_string(weight.sizes()));
  require(!bias_.defined() || bias_.sizes() == at::IntArrayRef{weight.size(0)}, "conv1d",
          "bias must have shape [{}]", weight.size(0));
  taps_ = weight.squeeze(1).t().contiguous();
  attributes_.kernel_size = weight.size(2);
}

Tensors Conv1d::forward(const Tensors& inputs) const {
  return {conv1d(inputs.at(0), taps_, bias_.defined() ? std::optional(bias_) : std::nullopt, /*silu=*/false)};
}

Tensors Conv1d::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {conv1d_relevance(grad_outputs.at(0), taps_)};
}

std::unique_ptr<LinearMap> Conv1d::linear_map(const Kept& kept, int data_input) const {
  return std::make_unique<Conv1dView>(taps_, bias_);
}

NamedTensors Conv1d::weights() const {
  NamedTensors result{{"weight", taps_.t().unsqueeze(1)}};
  if (bias_.defined()) result.emplace_back("bias", bias_);
  return result;
}

}  // namespace lrpp::mamba
