#pragma once

#include <lrpp/framework/ops/wiring.h>

#include <optional>

namespace lrpp::ops {

/// Each pair is height, width, as in torch.nn.MaxPool2d.
struct MaxPool2dAttributes {
  std::vector<int64_t> kernel_size{2, 2};
  std::vector<int64_t> stride{2, 2};
  std::vector<int64_t> padding{0, 0};
  std::vector<int64_t> dilation{1, 1};
  bool ceil_mode = false;
};

/// The largest value of each window: [B,C,H,W] -> [B,C,H',W'], and as a second output where it was, an index
/// into the H*W pixels (int64), so that the walk needs not keep the input. The winner takes all: a window's
/// first largest value in row-major order, as in PyTorch.
class MaxPool2d final : public Wiring {
 public:
  /// Throws UserError for attributes that no pooling has (padding of more than half a window).
  explicit MaxPool2d(MaxPool2dAttributes attributes = {});
  std::string_view type() const override { return "max_pool2d"; }
  bool routes() const override { return true; }
  int num_outputs() const override { return 2; }
  /// Throws UserError for an input smaller than the window.
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Needs vjp_needs() const override { return Needs::only_outputs({1}); }
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  MaxPool2dAttributes attributes_;
};

/// Each pair is height, width, as in torch.nn.AvgPool2d.
struct AvgPool2dAttributes {
  std::vector<int64_t> kernel_size{2, 2};
  std::vector<int64_t> stride{2, 2};
  std::vector<int64_t> padding{0, 0};
  bool ceil_mode = false;
  bool count_include_pad = true;
  std::optional<int64_t> divisor_override;
};

/// The mean of each window: [B,C,H,W] -> [B,C,H',W'].
class AvgPool2d final : public Wiring {
 public:
  /// Throws UserError for attributes that no pooling has.
  explicit AvgPool2d(AvgPool2dAttributes attributes = {});
  std::string_view type() const override { return "avg_pool2d"; }
  bool nonnegative(const std::vector<bool>& inputs) const override { return inputs.at(0); }
  /// Throws UserError for an input smaller than the window.
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  AvgPool2dAttributes attributes_;
};

struct AdaptiveAvgPool2dAttributes {
  std::vector<int64_t> output_size{1, 1};  ///< height, width
  bool at_least = false;  ///< a side of the input that is longer than output_size stays as it is
};

/// Means over windows that divide the image into output_size parts: [B,C,H,W] -> [B,C,H',W'], as
/// torch.nn.AdaptiveAvgPool2d. Windows overlap where a side does not divide, and repeat pixels where the
/// output is larger than the input.
class AdaptiveAvgPool2d final : public Wiring {
 public:
  explicit AdaptiveAvgPool2d(AdaptiveAvgPool2dAttributes attributes = {});
  std::string_view type() const override { return "adaptive_avg_pool2d"; }
  bool nonnegative(const std::vector<bool>& inputs) const override { return inputs.at(0); }
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  AdaptiveAvgPool2dAttributes attributes_;
};

}  // namespace lrpp::ops
