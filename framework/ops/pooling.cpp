#include <lrpp/framework/ops/pooling.h>
#include <lrpp/framework/ops/window.h>

#include <algorithm>

namespace lrpp::ops {
namespace {

const std::vector<int64_t> no_dilation{1, 1};

template <class Attributes>
void check_pooling(std::string_view where, const Attributes& a) {
  check_pair(where, "kernel_size", a.kernel_size, 1);
  check_pair(where, "stride", a.stride, 1);
  check_pair(where, "padding", a.padding, 0);
  for (size_t i = 0; i < 2; ++i) {
    require(2 * a.padding[i] <= a.kernel_size[i], where,
            "padding must be at most half of kernel_size {}; got {}", shape_string(a.kernel_size),
            shape_string(a.padding));
  }
}

/// PyTorch's backward functions ask for the input and read only its sizes and layout.
Tensor stand_in(const Meta& input, const Tensor& like) {
  return at::empty(input.sizes, like.options().dtype(input.options.dtype()), like.suggest_memory_format());
}

}  // namespace

MaxPool2d::MaxPool2d(MaxPool2dAttributes attributes) : attributes_(std::move(attributes)) {
  check_pooling("max_pool2d", attributes_);
  check_pair("max_pool2d", "dilation", attributes_.dilation, 1);
}

Tensors MaxPool2d::forward(const Tensors& inputs) const {
  const MaxPool2dAttributes& a = attributes_;
  check_window("max_pool2d", inputs.at(0), 0, a.kernel_size, a.padding, a.dilation);
  auto [y, indices] =
      at::max_pool2d_with_indices(inputs.at(0), a.kernel_size, a.stride, a.padding, a.dilation, a.ceil_mode);
  return {y, indices};
}

Tensors MaxPool2d::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const MaxPool2dAttributes& a = attributes_;
  const Tensor &g = grad_outputs.at(0), &indices = kept.output(1);
  return {at::max_pool2d_with_indices_backward(g, stand_in(kept.input_meta(0), indices), a.kernel_size,
                                               a.stride, a.padding, a.dilation, a.ceil_mode, indices)};
}

AvgPool2d::AvgPool2d(AvgPool2dAttributes attributes) : attributes_(std::move(attributes)) {
  check_pooling("avg_pool2d", attributes_);
  require(attributes_.divisor_override.value_or(1) >= 1, "avg_pool2d",
          "divisor_override must be at least 1; got {}", attributes_.divisor_override.value_or(1));
}

Tensors AvgPool2d::forward(const Tensors& inputs) const {
  const AvgPool2dAttributes& a = attributes_;
  check_window("avg_pool2d", inputs.at(0), 0, a.kernel_size, a.padding, no_dilation);
  return {at::avg_pool2d(inputs.at(0), a.kernel_size, a.stride, a.padding, a.ceil_mode, a.count_include_pad,
                         a.divisor_override)};
}

Tensors AvgPool2d::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const AvgPool2dAttributes& a = attributes_;
  const Tensor& g = grad_outputs.at(0);
  return {at::avg_pool2d_backward(g, stand_in(kept.input_meta(0), g), a.kernel_size, a.stride, a.padding,
                                  a.ceil_mode, a.count_include_pad, a.divisor_override)};
}

AdaptiveAvgPool2d::AdaptiveAvgPool2d(AdaptiveAvgPool2dAttributes attributes)
    : attributes_(std::move(attributes)) {
  check_pair("adaptive_avg_pool2d", "output_size", attributes_.output_size, 1);
}

Tensors AdaptiveAvgPool2d::forward(const Tensors& inputs) const {
  const Tensor& x = inputs.at(0);
  check_window("adaptive_avg_pool2d", x, 0, {1, 1}, {0, 0}, no_dilation);
  std::vector<int64_t> size = attributes_.output_size;
  if (attributes_.at_least) size = {std::max(size[0], x.size(2)), std::max(size[1], x.size(3))};
  if (size == x.sizes().slice(2)) return {x};
  return {at::adaptive_avg_pool2d(x, size)};
}

Tensors AdaptiveAvgPool2d::vjp(const Kept& kept, const Tensors& grad_outputs) const {
  const Tensor& g = grad_outputs.at(0);
  const Meta& input = kept.input_meta(0);
  if (g.sizes() == input.sizes) return {g};
  if (g.size(2) == 1 && g.size(3) == 1) {  // the global mean: a view is enough
    return {(g / (input.sizes[2] * input.sizes[3])).expand(input.sizes)};
  }
  return {at::_adaptive_avg_pool2d_backward(g, stand_in(input, g))};
}

}  // namespace lrpp::ops
