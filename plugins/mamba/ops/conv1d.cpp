#include <lrpp/plugins/mamba/ops/conv1d.h>

#include <algorithm>

namespace lrpp::mamba {
namespace {

/// sum_k taps[k] * x shifted by `shift(k)` tokens: towards later tokens (forward) or earlier ones
/// (transpose).
Tensor convolve(const Tensor& taps, const Tensor& x, bool transposed) {
  const int64_t kernel = taps.size(0), tokens = x.size(1);
  Tensor y = x * taps[kernel - 1];
  for (int64_t shift = 1; shift < std::min(kernel, tokens); ++shift) {
    const Tensor& tap = taps[kernel - 1 - shift];
    const int64_t to = transposed ? 0 : shift, from = transposed ? shift : 0;
    y.narrow(1, to, tokens - shift).addcmul_(x.narrow(1, from, tokens - shift), tap);
  }
  return y;
}

class Conv1dView final : public LinearMap {
 public:
  Conv1dView(Tensor taps, Tensor bias) : taps_(std::move(taps)), bias_(std::move(bias)) {}
  Tensor apply(const Tensor& x) const override { return convolve(taps_, x, false); }
  Tensor transpose(const Tensor& m) const override { return convolve(taps_, m, true); }
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
  Tensor y = convolve(taps_, inputs.at(0), false);
  return {bias_.defined() ? y.add_(bias_) : y};
}

Tensors Conv1d::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  return {convolve(taps_, grad_outputs.at(0), true)};
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
