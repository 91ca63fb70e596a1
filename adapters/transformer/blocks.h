#pragma once

#include <lrpp/adapters/activation.h>
#include <lrpp/adapters/transformer/builder.h>
#include <lrpp/framework/ops/rope.h>

#include <string>

// The blocks that all Transformers here are made of. Rules files match names, so that there is one
// vocabulary. Modules have the checkpoint's names. What is no module is named after its block; for an
// attention A, an MLP M, a layer L and the model's base (of Llama: model.layers.0.self_attn,
// model.layers.0.mlp, model.layers.0 and model):
//   A.qkv_split                              the parts of a projection that makes all three
//   A.q_adapter_add  (k, v)                  the sum of a projection and its adapter
//   A.q_heads  A.k_heads  A.v_heads          channels cut into heads
//   A.q_rope  A.k_rope                       rotary position embedding
//   A.scores  A.soft_cap  A.softmax          queries times keys, capped, as shares
//   A.context  A.merge                       shares times values; heads side by side
//   M.adapter_add  M.gate_up_split           of a projection that makes both branches
//   M.act  M.gate                            the activation; its product with the other branch
//   L.attention.add  L.mlp.add               residual sums
//   base.select_token                        the token that is explained, or the class token
// Before the layers, beside the embeddings that they belong to (bert.embeddings, transformer, vit):
//   E.position_ids  E.position_add  E.token_type_add
//   E.patch_flatten  E.patch_tokens  E.concat     of models that see: maps as tokens, after the class token
// The two-layer heads of encoders name their activation after the first layer's home: bert.pooler.act,
// classifier.act. A cap on the logits is <head>.soft_cap.

namespace lrpp::transformer {

/// How queries, keys and values are projected.
enum class Projection {
  separate,       ///< three layers
  fused,          ///< one layer whose outputs are [q k v], each [H, d]
  fused_by_head,  ///< one layer whose outputs are [H, (q k v), d]: GPT-NeoX
};

struct AttentionConfig {
  int64_t hidden_size = 0;
  int64_t out_size = 0;  ///< of what comes out; 0: hidden_size
  int64_t heads = 0, kv_heads = 0, head_dim = 0;
  double scale = 1;  ///< of queries times keys
  Projection projection = Projection::separate;
  Layout layout = Layout::out_in;
  bool qkv_bias = true, out_bias = true;
  bool causal = false;
  int64_t window = 0;                          ///< causal attention to so many tokens; 0: to all
  std::optional<double> soft_cap;              ///< of the scores
  std::optional<NormConfig> head_norm;         ///< q_norm and k_norm over each head
  int64_t adapter_rank = 0;                    ///< of the adapters of q, k and v; 0: none
  std::shared_ptr<const ops::RopeTable> rope;  ///< none where positions are learned
};

/// Module names within a layer. `qkv` is used where the projection is fused, q, k and v where it is not.
struct AttentionNames {
  std::string block, q, k, v, qkv, out;
  std::string q_adapter{}, k_adapter{}, v_adapter{};
};

/// Softmax attention with any number of key and value heads: [B,T,D] -> [B,T,D]. `mask`: attention_mask
/// [B,T].
Value add_attention(Builder& builder, const std::string& layer, const AttentionNames& names,
                    const AttentionConfig& config, Value x, std::optional<Value> mask);

struct MlpConfig {
  int64_t hidden_size = 0, intermediate_size = 0;
  OpPtr activation;
  bool gated = false;        ///< down(up(x) * act(gate(x))); else down(act(up(x)))
  bool fused = false;        ///< of a gated one: one projection makes [gate(x) up(x)]
  int64_t adapter_rank = 0;  ///< of the adapter of that projection; 0: none
  bool bias = true;
  Layout layout = Layout::out_in;
};

struct MlpNames {
  std::string block, up, down, gate;
  std::string gate_up{}, gate_up_adapter{};
};

/// [B,T,D] -> [B,T,D].
Value add_mlp(Builder& builder, const std::string& layer, const MlpNames& names, const MlpConfig& config,
              Value x);

/// `projected` plus what an adapter of low rank makes of x (Hu et al., arXiv:2106.09685; in a model that was
/// trained with it): the layers `name`.0, to `rank` values, and `name`.1, neither with a bias. The sum is the
/// node `sum`.
Value add_low_rank(Builder& builder, const std::string& name, const std::string& sum, int64_t rank,
                   const LinearConfig& projection, Value x, Value projected);

/// Where a layer's norms stand.
enum class NormPlacement {
  before,  ///< x + f(norm(x)): GPT-2, Llama, ViT
  after,   ///< norm(x + f(x)): BERT
  both,    ///< x + norm(f(norm(x))): Gemma
};

struct LayerConfig {
  AttentionConfig attention;
  MlpConfig mlp;
  NormConfig norm;
  NormPlacement placement = NormPlacement::before;
  bool parallel = false;  ///< x + attention(norm(x)) + mlp(norm'(x)): GPT-NeoX
};

/// LayerNorm before, as many key heads as query heads, biases everywhere; the activation is yet to be set.
LayerConfig plain_layer(int64_t hidden_size, int64_t heads, int64_t intermediate_size);

/// Module names within a layer; the post norms are those of NormPlacement::both.
struct LayerNames {
  AttentionNames attention;
  MlpNames mlp;
  std::string attention_norm, mlp_norm, attention_post_norm, mlp_post_norm;
};

/// One layer, named `layer` ("model.layers.0"): [B,T,D] -> [B,T,D].
Value add_layer(Builder& builder, const std::string& layer, const LayerNames& names,
                const LayerConfig& config, Value x, std::optional<Value> mask = std::nullopt);

}  // namespace lrpp::transformer
