#pragma once

#include <lrpp/framework/io/json.h>
#include <lrpp/framework/tensor.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace lrpp::testing {

/// What MambaLRP holds constant in the Mamba family. Each can be left out by itself.
enum class Held {
  decay,            ///< exp(dt A), which carries the state of the SSM on
  time_step,        ///< dt, where it scales the input of the SSM
  B,                ///< of the SSM
  C,                ///< of the SSM
  ssm_gate,         ///< y * silu(z): half of the gradient to each factor
  mlp_gate,         ///< up * act(gate): half of the gradient to each factor
  conv_activation,  ///< the factor f(x) / x after the convolution
  gate_activation,  ///< the factor of silu(z)
  mlp_activation,   ///< the factor in an MLP or an expert
  norm,             ///< 1 / rms of a layer's norm
  gated_norm,       ///< 1 / rms of the norm over y * silu(z)
  parameter_norm,   ///< 1 / rms of the norms over dt, B and C: upstream of what is held
  attention,        ///< the softmax's weights
  router,           ///< the weights of the experts; their choice is constant anyway
  router_sum,       ///< the sum that the weights are divided by: upstream of what is held
};

/// All of the above: MambaLRP.
std::set<Held> everything_held();
/// Held::decay, time_step, B and C: what the paper holds in the SSM.
std::set<Held> ssm_held();

/// The weights of a Hugging Face checkpoint, in float64.
class ReferenceWeights {
 public:
  explicit ReferenceWeights(const std::filesystem::path& directory);
  bool contains(const std::string& name) const { return weights_.contains(name); }
  /// Throws where the checkpoint has no such tensor.
  const Tensor& at(const std::string& name) const;
  /// Undefined where the checkpoint has no such tensor.
  Tensor find(const std::string& name) const;
  /// Tensors whose names hold `part` get a second name with `other` in its place, unless it is taken.
  void share(const std::string& part, const std::string& other);

 private:
  std::map<std::string, Tensor> weights_;
};

/// The small pieces of every model of the family in plain LibTorch, with what is held detached: autograd then
/// computes relevance's multipliers. No code is shared with the library but its readers of files.
class ReferencePieces {
 public:
  /// `stabilizer` as the authors' code has it in the rule of activations; 0 takes the exact factor.
  ReferencePieces(const ReferenceWeights& weights, std::set<Held> held, double stabilizer = 0)
      : weights_(weights), held_(std::move(held)), stabilizer_(stabilizer) {}

  const ReferenceWeights& weights() const { return weights_; }
  /// x, detached where `which` is held.
  Tensor hold(const Tensor& x, Held which) const { return held_.contains(which) ? x.detach() : x; }
  /// x W^T + b with the weights `name`.weight and, where there is one, `name`.bias.
  Tensor linear(const Tensor& x, const std::string& name) const;
  /// f(x) = x * factor(x), the factor held; `name` as in transformers: silu, gelu, gelu_pytorch_tanh, relu2.
  Tensor activation(const Tensor& x, const std::string& name, Held which) const;
  /// w * x / rms(x) with the weight `name`.weight, or without one where there is none; rms over each of
  /// `groups` equal parts of the last dimension.
  Tensor rms_norm(const Tensor& x, const std::string& name, double epsilon, Held which = Held::norm,
                  int64_t groups = 1) const;
  /// a * b; half of the gradient to each where `which` is held.
  Tensor product(const Tensor& a, const Tensor& b, Held which) const;
  /// Depthwise and causal: x [B,T,E] -> [B,T,E].
  Tensor convolution(const Tensor& x, const std::string& name) const;

 private:
  const ReferenceWeights& weights_;
  std::set<Held> held_;
  double stabilizer_;
};

}  // namespace lrpp::testing
