#include <c10/core/GradMode.h>
#include <lrpp/tests/plugins/mamba/reference_caduceus.h>
#include <lrpp/tests/plugins/mamba/reference_ssm.h>
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
      weights_(directory),
      pieces_(weights_, held ? everything_held() : std::set<Held>{}),
      strands_(config_["rcps"].get<bool>()),
      fused_(config_["fused_add_norm"].get<bool>()) {
  weights_.share("mamba_fwd", "mamba_rev");  // projections that are stored once
}

Tensor ReferenceCaduceus::norm(const Tensor& x, const std::string& name) const {
  const double epsilon = config_["norm_epsilon"].get<double>();
  const Tensor bias = weights_.find(name + ".bias");
  if (!bias.defined()) return pieces_.rms_norm(x, name, epsilon);
  return pieces_.rms_norm(x - x.mean(-1, true), name, epsilon) + bias;
}

Tensor ReferenceCaduceus::mixer(const Tensor& x, const std::string& name) const {
  const auto mamba = [&](const Tensor& of, const char* direction) {
    return reference_mamba1_mixer(pieces_, of, name + direction, {"silu", std::nullopt});
  };
  const Tensor forward = mamba(x, "mamba_fwd.");
  if (!config_["bidirectional"].get<bool>()) return forward;
  const Tensor backward = mamba(x.flip({1}), "mamba_rev.").flip({1});
  return config_["bidirectional_strategy"] == "add" ? forward + backward
                                                    : pieces_.product(forward, backward, Held::ssm_gate);
}

Tensor ReferenceCaduceus::embed(const Tensor& ids) const {
  const std::string words = backbone + "embeddings.word_embeddings.";
  if (!strands_) return weights_.at(words + "weight").index({ids});
  const Tensor table = weights_.at(words + "embedding.weight"),
               complement = weights_.at(words + "complement_map").to(at::kLong);
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
    const Tensor y = pieces_.linear(first.mean(1), "score");
    return strands_ ? (y + pieces_.linear(rc(second).mean(1), "score")) / 2 : y;
  }
  if (strands_) {
    const Tensor head = weights_.at(backbone + "embeddings.word_embeddings.embedding.weight");
    const Tensor complement = weights_.at("lm_head.complement_map").to(at::kLong);
    return first.matmul(head.t()) + second.flip({-1}).matmul(head.index({complement}).t());
  }
  const Tensor head = weights_.find("lm_head.weight");
  return first.matmul(
      (head.defined() ? head : weights_.at(backbone + "embeddings.word_embeddings.weight")).t());
}

Tensor ReferenceCaduceus::gradient(const Tensor& ids, int64_t position, const Tensor& target) const {
  const c10::AutoGradMode with_grad(true);
  const Tensor x = embed(ids).detach().requires_grad_(true);
  const Tensor y = classifies() ? logits(x) : logits(x).select(1, position);
  return torch::autograd::grad({y.gather(1, target.unsqueeze(1)).sum()}, {x})[0];
}

}  // namespace lrpp::testing
