#include <c10/core/GradMode.h>
#include <lrpp/framework/io/json.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/tests/plugins/mamba/reference_mamba.h>
#include <torch/csrc/autograd/autograd.h>

namespace lrpp::testing {
namespace {

Tensor silu(const Tensor& x, bool hold, double stabilizer) {
  const Tensor y = x / (1 + (-x).exp());
  if (!hold) return y;
  if (stabilizer == 0) return x * (1 / (1 + (-x).exp())).detach();
  const Tensor sign = at::where(x >= 0, at::ones_like(x), -at::ones_like(x));
  const Tensor held = x * (y / (x + stabilizer * sign)).detach();
  return held + (y - held).detach();  // the value stays exact: the stabiliser is the backward pass's alone
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double epsilon, bool hold) {
  const Tensor scale = 1 / (x.square().mean(-1, true) + epsilon).sqrt();
  return weight * x * (hold ? scale.detach() : scale);
}

}  // namespace

ReferenceMamba::ReferenceMamba(const std::filesystem::path& directory) {
  const Json config = read_json(directory / "config.json");
  layers_ = config["num_hidden_layers"].get<int64_t>();
  epsilon_ = config["layer_norm_epsilon"].get<double>();
  const Checkpoint checkpoint = Checkpoint::open(directory);
  for (const std::string& name : checkpoint.names()) weights_[name] = checkpoint.get(name).to(at::kDouble);
}

Tensor ReferenceMamba::weight(const std::string& name) const {
  const auto found = weights_.find(name);
  return found == weights_.end() ? Tensor() : found->second;
}

Tensor ReferenceMamba::embed(const Tensor& ids) const {
  return weight("backbone.embeddings.weight").index({ids});
}

Tensor ReferenceMamba::mixer(const Tensor& x, const std::string& prefix, const std::set<Held>& held,
                             double stabilizer) const {
  const auto linear = [&](const Tensor& v, const std::string& name) {
    const Tensor y = v.matmul(weight(prefix + name + ".weight").t()), b = weight(prefix + name + ".bias");
    return b.defined() ? y + b : y;
  };
  const Tensor projected = linear(x, "in_proj");
  const auto branches = projected.chunk(2, -1);
  const Tensor conv = weight(prefix + "conv1d.weight"), conv_bias = weight(prefix + "conv1d.bias");
  const int64_t T = x.size(1), K = conv.size(2), E = conv.size(0);
  const Tensor convolved = at::conv1d(branches[0].transpose(1, 2), conv, conv_bias, /*stride=*/1,
                                      /*padding=*/K - 1, /*dilation=*/1, /*groups=*/E)
                               .narrow(2, 0, T)
                               .transpose(1, 2);
  const Tensor u = silu(convolved, held.contains(Held::silu), stabilizer);
  const Tensor A = -weight(prefix + "A_log").exp();
  const int64_t N = A.size(1);
  const auto parts =
      linear(u, "x_proj").split_with_sizes({weight(prefix + "x_proj.weight").size(0) - 2 * N, N, N}, -1);
  const Tensor dt = (1 + linear(parts[0], "dt_proj").exp()).log();
  Tensor dA = (dt.unsqueeze(-1) * A).exp();                            // [B,T,E,N]
  Tensor dB = dt.unsqueeze(-1) * parts[1].unsqueeze(2), C = parts[2];  // [B,T,E,N], [B,T,N]
  if (held.contains(Held::ssm)) {
    dA = dA.detach();
    dB = dB.detach();
    C = C.detach();
  }
  Tensor h = at::zeros({x.size(0), E, N}, x.options());
  Tensors steps;
  for (int64_t t = 0; t < T; ++t) {
    h = dA.select(1, t) * h + dB.select(1, t) * u.select(1, t).unsqueeze(-1);
    steps.push_back((h * C.select(1, t).unsqueeze(1)).sum(-1));
  }
  const Tensor y = at::stack(steps, 1) + u * weight(prefix + "D");
  Tensor gated = y * silu(branches[1], held.contains(Held::silu), stabilizer);
  if (held.contains(Held::gate)) gated = gated / 2 + (gated / 2).detach();
  return linear(gated, "out_proj");
}

Tensor ReferenceMamba::logits(const Tensor& embeddings, const std::set<Held>& held, double stabilizer) const {
  const bool hold_norm = held.contains(Held::norm);
  Tensor hidden = embeddings;
  for (int64_t i = 0; i < layers_; ++i) {
    const std::string prefix = "backbone.layers." + std::to_string(i) + ".";
    const Tensor normed = rms_norm(hidden, weight(prefix + "norm.weight"), epsilon_, hold_norm);
    hidden = hidden + mixer(normed, prefix + "mixer.", held, stabilizer);
  }
  const Tensor normed = rms_norm(hidden, weight("backbone.norm_f.weight"), epsilon_, hold_norm);
  const Tensor head = weight("lm_head.weight"), bias = weight("lm_head.bias");
  const Tensor y = normed.matmul((head.defined() ? head : weight("backbone.embeddings.weight")).t());
  return bias.defined() ? y + bias : y;
}

Tensor ReferenceMamba::gradient(const Tensor& ids, const Tensor& position, const Tensor& target,
                                const std::set<Held>& held, double stabilizer) const {
  const c10::AutoGradMode with_grad(true);
  const Tensor x = embed(ids).detach().requires_grad_(true);
  const Tensor batch = at::arange(ids.size(0), at::kLong);
  const Tensor score = logits(x, held, stabilizer).index({batch, position, target}).sum();
  return torch::autograd::grad({score}, {x})[0];
}

}  // namespace lrpp::testing
