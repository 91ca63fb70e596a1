#include <c10/core/GradMode.h>
#include <lrpp/tests/plugins/mamba/reference_mamba.h>
#include <torch/csrc/autograd/autograd.h>

namespace lrpp::testing {

Tensor ReferenceMamba::embed(const Tensor& ids) const {
  const std::string backbone = base_ + "embeddings.weight";
  return weights_.at(weights_.contains(backbone) ? backbone : base_ + "embed_tokens.weight").index({ids});
}

Tensor ReferenceMamba::logits(const Tensor& embeddings, const std::set<Held>& held, double stabilizer) const {
  const ReferencePieces pieces(weights_, held, stabilizer);
  Tensor x = embeddings;
  for (int64_t i = 0; i < layers_; ++i) {
    if (type_ == "zamba2") {
      x = zamba_layer(pieces, x, embeddings, i);
    } else {
      x = type_ == "jamba" || type_ == "bamba" ? decoder_layer(pieces, x, i) : layer(pieces, x, i);
    }
  }
  const bool backbone = weights_.contains(base_ + "norm_f.weight");
  x = pieces.rms_norm(x, base_ + (backbone ? "norm_f" : "final_layernorm"), epsilon_);
  for (const char* head : {"lm_head", "score"}) {  // "score" of a classifier
    if (weights_.contains(std::string(head) + ".weight")) return pieces.linear(x, head);
  }
  return x.matmul(embed(at::arange(config_["vocab_size"].get<int64_t>())).t());  // tied
}

Tensor ReferenceMamba::gradient(const Tensor& ids, const Tensor& position, const Tensor& target,
                                const std::set<Held>& held, double stabilizer) const {
  const c10::AutoGradMode with_grad(true);
  const Tensor x = embed(ids).detach().requires_grad_(true);
  const Tensor batch = at::arange(ids.size(0), at::kLong);
  const Tensor score = logits(x, held, stabilizer).index({batch, position, target}).sum();
  return torch::autograd::grad({score}, {x})[0];
}

/// Mamba, Falcon-Mamba, Mamba-2 and Nemotron-H: x + mixer(norm(x)).
Tensor ReferenceMamba::layer(const ReferencePieces& pieces, const Tensor& x, int64_t i) const {
  const std::string prefix = base_ + "layers." + std::to_string(i) + ".";
  const Tensor normed = pieces.rms_norm(x, prefix + "norm", epsilon_);
  const std::string type = type_ == "nemotron_h" ? layer_type(i) : "mamba";
  if (type == "mamba") return x + mixer(pieces, normed, prefix + "mixer.");
  if (type == "attention") return x + attention(pieces, normed, prefix + "mixer.");
  if (type == "moe") return x + nemotron_experts(pieces, normed, prefix + "mixer.");
  return x + reference_mlp(pieces, normed, prefix + "mixer.", option<std::string>("mlp_hidden_act", "relu2"));
}

/// Jamba and Bamba: the mixer or attention, then an MLP or experts, each with a norm before and the residual.
Tensor ReferenceMamba::decoder_layer(const ReferencePieces& pieces, const Tensor& x, int64_t i) const {
  const std::string prefix = base_ + "layers." + std::to_string(i) + ".";
  const Tensor normed = pieces.rms_norm(x, prefix + "input_layernorm", epsilon_);
  const Tensor y = x + (layer_type(i) == "attention" ? attention(pieces, normed, prefix + "self_attn.")
                                                     : mixer(pieces, normed, prefix + "mamba."));
  const Tensor middle = pieces.rms_norm(y, prefix + "pre_ff_layernorm", epsilon_);
  const std::string mlp = prefix + "feed_forward.";
  return y + (weights_.contains(mlp + "router.weight")
                  ? jamba_experts(pieces, middle, mlp)
                  : reference_gated_mlp(pieces, middle, mlp, option<std::string>("hidden_act", "silu")));
}

/// Zamba2: a Mamba-2 layer, to whose input (not to whose residual) a hybrid layer adds the shared block.
Tensor ReferenceMamba::zamba_layer(const ReferencePieces& pieces, const Tensor& x, const Tensor& embeddings,
                                   int64_t i) const {
  std::string prefix = base_ + "layers." + std::to_string(i) + ".";
  Tensor input = x;
  if (layer_type(i) == "hybrid") {
    input = x + pieces.linear(shared_block(pieces, x, embeddings, i), prefix + "linear");
    prefix += "mamba_decoder.";
  }
  return x + mixer(pieces, pieces.rms_norm(input, prefix + "input_layernorm", epsilon_), prefix + "mamba.");
}

/// Zamba2's attention and MLP over x and the embeddings side by side, without residuals. Hybrid layer number
/// n takes the weights of block n % num_mem_blocks, which the first layer with that block holds, and
/// its own adapters.
Tensor ReferenceMamba::shared_block(const ReferencePieces& pieces, const Tensor& x, const Tensor& embeddings,
                                    int64_t i) const {
  std::vector<int64_t> hybrids;
  for (int64_t j = 0; j <= i; ++j) {
    if (layer_type(j) == "hybrid") hybrids.push_back(j);
  }
  const size_t n = hybrids.size() - 1, block = n % option<size_t>("num_mem_blocks", 1);
  const std::string prefix = base_ + "layers." + std::to_string(hybrids[block]) + ".shared_transformer.";
  const auto adapted = [&](const Tensor& v, const std::string& name, const std::string& adapters) {
    const std::string own = prefix + adapters + "." + std::to_string(n) + ".";
    return pieces.linear(v, prefix + name) + pieces.linear(pieces.linear(v, own + "0"), own + "1");
  };
  const Tensor both = pieces.rms_norm(at::cat({x, embeddings}, -1), prefix + "input_layernorm", epsilon_);
  const auto project = [&](const std::string& letter) {
    const std::string name = "self_attn." + letter + "_proj";
    return option("use_shared_attention_adapter", false)
               ? adapted(both, name, "self_attn.linear_" + letter + "_adapter_list")
               : pieces.linear(both, prefix + name);
  };
  const Tensor context =
      reference_causal_attention(pieces, project("q"), project("k"), project("v"), attention_sizes());
  const Tensor attended = pieces.linear(context, prefix + "self_attn.o_proj");
  const Tensor middle = pieces.rms_norm(attended, prefix + "pre_ff_layernorm", epsilon_);
  const auto parts =
      adapted(middle, "feed_forward.gate_up_proj", "feed_forward.gate_up_proj_adapter_list").chunk(2, -1);
  const Tensor gate =
      pieces.activation(parts[0], option<std::string>("hidden_act", "gelu"), Held::mlp_activation);
  return pieces.linear(pieces.product(gate, parts[1], Held::mlp_gate), prefix + "feed_forward.down_proj");
}

Tensor ReferenceMamba::mixer(const ReferencePieces& pieces, const Tensor& x,
                             const std::string& prefix) const {
  if (type_ == "mamba" || type_ == "falcon_mamba" || type_ == "jamba") {
    return reference_mamba1_mixer(pieces, x, prefix, mamba1_sizes());
  }
  return reference_mamba2_mixer(pieces, x, prefix, mamba2_sizes());
}

Tensor ReferenceMamba::attention(const ReferencePieces& pieces, const Tensor& x,
                                 const std::string& prefix) const {
  const Tensor context = reference_causal_attention(pieces, pieces.linear(x, prefix + "q_proj"),
                                                    pieces.linear(x, prefix + "k_proj"),
                                                    pieces.linear(x, prefix + "v_proj"), attention_sizes());
  return pieces.linear(context, prefix + "o_proj");
}

Tensor ReferenceMamba::jamba_experts(const ReferencePieces& pieces, const Tensor& x,
                                     const std::string& prefix) const {
  const Tensor weights = reference_softmax_router(pieces.linear(x, prefix + "router"),
                                                  option<int64_t>("num_experts_per_tok", 2));
  return reference_mixture(pieces, weights, [&](int64_t e) {
    return reference_gated_mlp(pieces, x, prefix + "experts." + std::to_string(e) + ".",
                               option<std::string>("hidden_act", "silu"));
  });
}

/// Routed experts, in a narrower space where the config asks for one, and a shared expert beside them.
Tensor ReferenceMamba::nemotron_experts(const ReferencePieces& pieces, const Tensor& x,
                                        const std::string& prefix) const {
  const std::string activation = option<std::string>("mlp_hidden_act", "relu2");
  const Tensor weights = reference_sigmoid_router(
      pieces, pieces.linear(x, prefix + "gate"), weights_.at(prefix + "gate.e_score_correction_bias"),
      {option<int64_t>("num_experts_per_tok", 2), option<int64_t>("n_group", 1),
       option<int64_t>("topk_group", 1), option("norm_topk_prob", true),
       option("routed_scaling_factor", 1.0)});
  const bool narrow = weights_.contains(prefix + "fc1_latent_proj.weight");
  const Tensor input = narrow ? pieces.linear(x, prefix + "fc1_latent_proj") : x;
  const Tensor routed = reference_mixture(pieces, weights, [&](int64_t e) {
    return reference_mlp(pieces, input, prefix + "experts." + std::to_string(e) + ".", activation);
  });
  return (narrow ? pieces.linear(routed, prefix + "fc2_latent_proj") : routed) +
         reference_mlp(pieces, x, prefix + "shared_experts.", activation);
}

}  // namespace lrpp::testing
