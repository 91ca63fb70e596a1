#include <lrpp/framework/io/safetensors.h>
#include <lrpp/tests/plugins/mamba/reference_pieces.h>

#include <cmath>
#include <stdexcept>

namespace lrpp::testing {
namespace {

/// f(x) / x, written so that it is right at 0 as well.
Tensor factor(const Tensor& x, const std::string& activation) {
  if (activation == "silu") return 1 / (1 + (-x).exp());
  if (activation == "gelu") return (1 + (x / std::sqrt(2.0)).erf()) / 2;
  if (activation == "gelu_pytorch_tanh") {
    return (1 + (std::sqrt(2 / M_PI) * (x + 0.044715 * x.pow(3))).tanh()) / 2;
  }
  if (activation == "relu2") return at::where(x > 0, x, at::zeros_like(x));
  throw std::invalid_argument("the oracle does not know the activation " + activation);
}

}  // namespace

std::set<Held> ssm_held() { return {Held::decay, Held::time_step, Held::B, Held::C}; }

std::set<Held> everything_held() {
  std::set<Held> held = ssm_held();
  held.insert({Held::ssm_gate, Held::mlp_gate, Held::conv_activation, Held::gate_activation,
               Held::mlp_activation, Held::norm, Held::gated_norm, Held::parameter_norm, Held::attention,
               Held::router, Held::router_sum});
  return held;
}

ReferenceWeights::ReferenceWeights(const std::filesystem::path& directory) {
  const Checkpoint checkpoint = Checkpoint::open(directory);
  for (const std::string& name : checkpoint.names()) weights_[name] = checkpoint.get(name).to(at::kDouble);
}

const Tensor& ReferenceWeights::at(const std::string& name) const {
  const auto found = weights_.find(name);
  if (found == weights_.end()) throw std::invalid_argument("the oracle finds no tensor " + name);
  return found->second;
}

Tensor ReferenceWeights::find(const std::string& name) const {
  const auto found = weights_.find(name);
  return found == weights_.end() ? Tensor() : found->second;
}

void ReferenceWeights::share(const std::string& part, const std::string& other) {
  std::map<std::string, Tensor> shared;
  for (const auto& [name, weight] : weights_) {
    const size_t at = name.find(part);
    if (at == std::string::npos) continue;
    std::string second = name;
    shared[second.replace(at, part.size(), other)] = weight;
  }
  weights_.merge(shared);
}

Tensor ReferencePieces::linear(const Tensor& x, const std::string& name) const {
  const Tensor y = x.matmul(weights_.at(name + ".weight").t()), b = weights_.find(name + ".bias");
  return b.defined() ? y + b : y;
}

Tensor ReferencePieces::activation(const Tensor& x, const std::string& name, Held which) const {
  const Tensor f = factor(x, name);
  if (!held_.contains(which) || stabilizer_ == 0) return x * hold(f, which);
  const Tensor sign = at::where(x >= 0, at::ones_like(x), -at::ones_like(x));
  const Tensor held = x * (x * f / (x + stabilizer_ * sign)).detach();
  return held +
         (x * f - held).detach();  // the value stays exact: the stabiliser is the backward pass's alone
}

Tensor ReferencePieces::rms_norm(const Tensor& x, const std::string& name, double epsilon, Held which,
                                 int64_t groups) const {
  const Tensor parts = x.unflatten(-1, {groups, x.size(-1) / groups});
  const Tensor scale = 1 / (parts.square().mean(-1, true) + epsilon).sqrt();
  const Tensor y = (parts * hold(scale, which)).flatten(-2), w = weights_.find(name + ".weight");
  return w.defined() ? w * y : y;
}

Tensor ReferencePieces::product(const Tensor& a, const Tensor& b, Held which) const {
  const Tensor y = a * b;
  return held_.contains(which) ? y / 2 + (y / 2).detach() : y;
}

Tensor ReferencePieces::convolution(const Tensor& x, const std::string& name) const {
  const Tensor& weight = weights_.at(name + ".weight");  // [E,1,K]
  const Tensor bias = weights_.find(name + ".bias");
  const int64_t T = x.size(1), K = weight.size(2);
  const Tensor padded = at::constant_pad_nd(x, {0, 0, K - 1, 0});  // K - 1 zeros before the first token
  Tensor y = at::zeros_like(x);
  for (int64_t k = 0; k < K; ++k) y = y + padded.narrow(1, k, T) * weight.select(2, k).squeeze(1);
  return bias.defined() ? y + bias : y;
}

}  // namespace lrpp::testing
