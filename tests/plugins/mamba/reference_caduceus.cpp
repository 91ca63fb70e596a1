#include <c10/core/GradMode.h>
#include <lrpp/framework/io/safetensors.h>
#include <lrpp/tests/plugins/mamba/reference_caduceus.h>
#include <torch/csrc/autograd/autograd.h>

namespace lrpp::testing {
namespace {

const std::string backbone = "caduceus.backbone.";

/// Tokens and channels in reverse.
Tensor rc(const Tensor& x) { return x.flip({-2, -1}); }

Tensor half(const Tensor& x, int64_t which) {
  const int64_t D = x.size(-1) / 2;
  return x.narrow(-1, which * D, D);
}

}  // namespace

ReferenceCaduceus::ReferenceCaduceus(const std::filesystem::path& directory, bool held)
    : config_(read_json(directory / "config.json")),
      held_(held),
      strands_(config_["rcps"].get<bool>()),
      fused_(config_["fused_add_norm"].get<bool>()) {
  const Checkpoint checkpoint = Checkpoint::open(directory);
  for (const std::string& name : checkpoint.names()) {
    const Tensor tensor = checkpoint.get(name);
    weights_[name] = tensor.is_floating_point() ? tensor.to(at::kDouble) : tensor;
  }
}

Tensor ReferenceCaduceus::weight(const std::string& name) const {
  auto found = weights_.find(name);
  const size_t reverse = name.find("mamba_rev");
  if (found == weights_.end() && reverse != std::string::npos) {
    std::string tied = name;
    found = weights_.find(tied.replace(reverse, 9, "mamba_fwd"));
  }
  return found == weights_.end() ? Tensor() : found->second;
}

Tensor ReferenceCaduceus::linear(const Tensor& x, const std::string& name) const {
  const Tensor y = x.matmul(weight(name + ".weight").t()), b = weight(name + ".bias");
  return b.defined() ? y + b : y;
}

Tensor ReferenceCaduceus::silu(const Tensor& x) const {
  const Tensor factor = 1 / (1 + (-x).exp());
  return x * (held_ ? factor.detach() : factor);
}

Tensor ReferenceCaduceus::product(const Tensor& a, const Tensor& b) const {
  const Tensor y = a * b;
  return held_ ? y / 2 + (y / 2).detach() : y;
}

Tensor ReferenceCaduceus::norm(const Tensor& x, const std::string& name) const {
  const Tensor bias = weight(name + ".bias");
  const Tensor centred = bias.defined() ? x - x.mean(-1, true) : x;
  const Tensor scale = 1 / (centred.square().mean(-1, true) + config_["norm_epsilon"].get<double>()).sqrt();
  const Tensor y = weight(name + ".weight") * centred * (held_ ? scale.detach() : scale);
  return bias.defined() ? y + bias : y;
}

Tensor ReferenceCaduceus::mamba(const Tensor& x, const std::string& name) const {
  const auto branches = linear(x, name + "in_proj").chunk(2, -1);
  const Tensor conv = weight(name + "conv1d.weight");
  const int64_t T = x.size(1), K = conv.size(2);
  Tensor convolved = at::zeros_like(branches[0]);
  for (int64_t t = 0; t < T; ++t) {
    for (int64_t k = std::max<int64_t>(0, K - 1 - t); k < K; ++k)
      convolved.select(1, t) += conv.select(2, k).squeeze(1) * branches[0].select(1, t - K + 1 + k);
  }
  const Tensor bias = weight(name + "conv1d.bias");
  const Tensor u = silu(bias.defined() ? convolved + bias : convolved);
  const Tensor A = -weight(name + "A_log").exp();
  const int64_t N = A.size(1), R = weight(name + "dt_proj.weight").size(1);
  const auto parts = linear(u, name + "x_proj").split_with_sizes({R, N, N}, -1);
  const auto hold = [&](const Tensor& v) { return held_ ? v.detach() : v; };
  const Tensor dt = hold((1 + linear(parts[0], name + "dt_proj").exp()).log());
  const Tensor B = hold(parts[1]), C = hold(parts[2]);
  Tensor h = at::zeros({x.size(0), u.size(2), N}, x.options());
  Tensors steps;
  for (int64_t t = 0; t < T; ++t) {
    const Tensor step = dt.select(1, t).unsqueeze(-1);
    h = (step * A).exp() * h + step * B.select(1, t).unsqueeze(1) * u.select(1, t).unsqueeze(-1);
    steps.push_back((h * C.select(1, t).unsqueeze(1)).sum(-1));
  }
  const Tensor y = at::stack(steps, 1) + u * weight(name + "D");
  return linear(product(y, silu(branches[1])), name + "out_proj");
}

Tensor ReferenceCaduceus::mixer(const Tensor& x, const std::string& name) const {
  const Tensor forward = mamba(x, name + "mamba_fwd.");
  if (!config_["bidirectional"].get<bool>()) return forward;
  const Tensor backward = mamba(x.flip({1}), name + "mamba_rev.").flip({1});
  return config_["bidirectional_strategy"] == "add" ? forward + backward : product(forward, backward);
}

Tensor ReferenceCaduceus::embed(const Tensor& ids) const {
  const std::string words = backbone + "embeddings.word_embeddings.";
  if (!strands_) return weight(words + "weight").index({ids});
  const Tensor table = weight(words + "embedding.weight"), complement = weight(words + "complement_map");
  return at::cat({table.index({ids}), rc(table.index({complement.index({ids.flip({1})})}))}, -1);
}

Tensor ReferenceCaduceus::logits(const Tensor& embeddings) const {
  const std::string sub = strands_ ? "submodule." : "", norm_sub = strands_ && !fused_ ? ".submodule" : "";
  Tensor residual = embeddings;
  for (int64_t i = 0; i < config_["n_layer"].get<int64_t>(); ++i) {
    const std::string layer = backbone + "layers." + std::to_string(i) + ".";
    const auto normed = [&](const Tensor& x) { return norm(x, layer + "norm" + norm_sub); };
    const auto mixed = [&](const Tensor& x) { return mixer(x, layer + "mixer." + sub); };
    if (!strands_) {
      residual = residual + mixed(normed(residual));
      continue;
    }
    // The fused norm of the authors' code takes the halves in the wrong order, and gives them back so.
    if (fused_) residual = at::cat({half(residual, 1), half(residual, 0)}, -1);
    const Tensor x = at::cat({normed(half(residual, 0)), rc(normed(rc(half(residual, 1))))}, -1);
    residual = residual + at::cat({mixed(half(x, 0)), rc(mixed(rc(half(x, 1))))}, -1);
  }
  const auto last = [&](const Tensor& x) { return norm(x, backbone + "norm_f" + norm_sub); };
  Tensor first = last(strands_ ? half(residual, 0) : residual), second;
  if (strands_) second = rc(last(rc(half(residual, 1))));
  if (classifies()) {
    const Tensor y = linear(first.mean(1), "score");
    return strands_ ? (y + linear(rc(second).mean(1), "score")) / 2 : y;
  }
  if (strands_) {
    const Tensor head = weight(backbone + "embeddings.word_embeddings.embedding.weight");
    const Tensor complement = weight("lm_head.complement_map");
    return first.matmul(head.t()) + second.flip({-1}).matmul(head.index({complement}).t());
  }
  const Tensor head = weight("lm_head.weight");
  return first.matmul((head.defined() ? head : weight(backbone + "embeddings.word_embeddings.weight")).t());
}

Tensor ReferenceCaduceus::gradient(const Tensor& ids, int64_t position, const Tensor& target) const {
  const c10::AutoGradMode with_grad(true);
  const Tensor x = embed(ids).detach().requires_grad_(true);
  const Tensor y = classifies() ? logits(x) : logits(x).select(1, position);
  return torch::autograd::grad({y.gather(1, target.unsqueeze(1)).sum()}, {x})[0];
}

}  // namespace lrpp::testing
