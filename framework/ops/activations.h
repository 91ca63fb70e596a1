#pragma once

#include <lrpp/framework/op.h>

#include <limits>

namespace lrpp::ops {

/// max(x, 0). Its factor is the step function, 0 at 0 (the side from which x carries no relevance either
/// way).
class Relu final : public Activation {
 public:
  std::string_view type() const override { return "relu"; }
  bool routes() const override { return true; }
  bool nonnegative(const std::vector<bool>&) const override { return true; }
  Tensors forward(const Tensors& inputs) const override { return {at::relu(inputs.at(0))}; }
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Tensor factor(const Tensor& x) const override { return x.gt(0).to(x.scalar_type()); }
  bool has_factor() const override { return true; }
};

/// x sigmoid(x), so that f(x)/x is exactly sigmoid(x).
class Silu final : public Activation {
 public:
  std::string_view type() const override { return "silu"; }
  Tensors forward(const Tensors& inputs) const override { return {at::silu(inputs.at(0))}; }
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Tensor factor(const Tensor& x) const override { return at::sigmoid(x); }
  bool has_factor() const override { return true; }
};

struct GeluAttributes {
  std::string approximate = "none";  ///< "none" (by erf) or "tanh"
};

/// x Phi(x), so that f(x)/x is Phi(x) or its tanh approximation (Hendrycks and Gimpel, arXiv:1606.08415).
class Gelu final : public Activation {
 public:
  /// Throws UserError unless `approximate` is "none" or "tanh".
  explicit Gelu(GeluAttributes attributes = {});
  std::string_view type() const override { return "gelu"; }
  Tensors forward(const Tensors& inputs) const override;
  Tensor factor(const Tensor& x) const override;
  bool has_factor() const override { return true; }
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  GeluAttributes attributes_;
};

/// tanh(x); f(x)/x has the limit 1 at 0.
class Tanh final : public Activation {
 public:
  std::string_view type() const override { return "tanh"; }
  Tensors forward(const Tensors& inputs) const override { return {at::tanh(inputs.at(0))}; }
  Tensor factor(const Tensor& x) const override;
  bool has_factor() const override { return true; }
};

struct SoftCapAttributes {
  double cap = 50;
};

/// cap tanh(x / cap), which keeps attention scores and logits within (-cap, cap), as in Gemma 2; f(x)/x has
/// the limit 1 at 0.
class SoftCap final : public Activation {
 public:
  /// Throws UserError unless `cap` is positive.
  explicit SoftCap(SoftCapAttributes attributes = {});
  std::string_view type() const override { return "soft_cap"; }
  Tensors forward(const Tensors& inputs) const override;
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Tensor factor(const Tensor& x) const override;
  bool has_factor() const override { return true; }
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  SoftCapAttributes attributes_;
};

/// x sigmoid(1.702 x), an approximation of GELU (Hendrycks and Gimpel, arXiv:1606.08415).
class QuickGelu final : public Activation {
 public:
  std::string_view type() const override { return "quick_gelu"; }
  Tensors forward(const Tensors& inputs) const override { return {inputs.at(0) * factor(inputs.at(0))}; }
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Tensor factor(const Tensor& x) const override { return at::sigmoid(1.702 * x); }
  bool has_factor() const override { return true; }
};

/// log(1 + exp(x)), linear above 20 as torch.nn.Softplus. f(0) = log 2, so that f(x)/x has no limit at 0.
class Softplus final : public Activation {
 public:
  std::string_view type() const override { return "softplus"; }
  Tensors forward(const Tensors& inputs) const override { return {at::softplus(inputs.at(0))}; }
};

/// relu(x)^2 (So et al., arXiv:2109.08668), so that f(x)/x is relu(x).
class Relu2 final : public Activation {
 public:
  std::string_view type() const override { return "relu2"; }
  bool nonnegative(const std::vector<bool>&) const override { return true; }
  Tensors forward(const Tensors& inputs) const override { return {at::relu(inputs.at(0)).square()}; }
  Tensors vjp(const Kept& kept, const Tensors& grad_outputs) const override;
  Tensor factor(const Tensor& x) const override { return at::relu(x); }
  bool has_factor() const override { return true; }
};

/// 1 / (1 + exp(-x)). f(0) = 1/2, so that f(x)/x has no limit at 0.
class Sigmoid final : public Activation {
 public:
  std::string_view type() const override { return "sigmoid"; }
  bool nonnegative(const std::vector<bool>&) const override { return true; }
  Tensors forward(const Tensors& inputs) const override { return {at::sigmoid(inputs.at(0))}; }
};

struct ClampAttributes {
  double min = 0;
  double max = std::numeric_limits<double>::infinity();
};

/// min(max(x, min), max): the limits of time steps. It may lift 0, so that f(x)/x has no limit there.
class Clamp final : public Activation {
 public:
  /// Throws UserError unless min <= max.
  explicit Clamp(ClampAttributes attributes);
  std::string_view type() const override { return "clamp"; }
  Tensors forward(const Tensors& inputs) const override;
  Json attributes() const override { return to_json_value(attributes_); }

 private:
  ClampAttributes attributes_;
};

}  // namespace lrpp::ops
