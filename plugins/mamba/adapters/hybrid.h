#pragma once

#include <lrpp/adapters/transformer/language_model.h>
#include <lrpp/adapters/transformer/moe.h>
#include <lrpp/plugins/mamba/adapters/block.h>
#include <lrpp/plugins/mamba/adapters/mamba2_block.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

// Models whose layers are of several kinds: state spaces, attention, MLPs and mixtures of experts; a stack of
// one kind is the plainest of them. Nodes are
// named as in adapters/transformer/blocks.h and moe.h, and as in Mamba's mixers; residual sums of a layer L
// are L.mamba.add, L.attention.add and L.mlp.add, or L.add where a layer has one.

namespace lrpp::mamba {

using transformer::AttentionConfig;
using transformer::LanguageModelConfig;
using transformer::LanguageModelNames;
using transformer::MlpConfig;
using transformer::MoeConfig;

/// A mixture of experts, whose router is called differently in every family.
struct NamedMoe {
  MoeConfig config;
  transformer::MoeNames names;  ///< within a layer
};

/// What a layer, or half of one, computes. Below its module, the projections of an attention are q_proj,
/// k_proj, v_proj and o_proj, those of an MLP up_proj, down_proj and gate_proj.
using Part = std::variant<BlockConfig, Mamba2Config, AttentionConfig, MlpConfig, NamedMoe>;

/// x + part(norm(x)).
struct Residual {
  std::string layer;              ///< "model.layers.0"
  std::string norm, module, sum;  ///< below it: "input_layernorm", "mamba", and the node of the sum
  Part part;
};

struct HybridConfig {
  LanguageModelConfig frame;  ///< its norm is that of the layers too
  LanguageModelNames names;
  std::vector<Residual> residuals;
  bool residual_in_fp32 = false;
  std::string unused;  ///< tensors whose names begin so may be there: the answer does not need them
};

/// Embedding, residuals one after the other, last norm and head; see `transformer::build_language_model`.
Model build_hybrid(const HybridConfig& config, const ModelDirectory& directory, const LoadOptions& options);

/// From the config.json of Hugging Face checkpoints of these model types: language models, and classifiers
/// where transformers has such a class. Each throws UserError for values that cannot be or that this adapter
/// does not support, and for the config of a sibling family.
HybridConfig read_jamba(const Json& config, const std::string& where);
HybridConfig read_bamba(const Json& config, const std::string& where);
HybridConfig read_nemotron_h(const Json& config, const std::string& where);

/// The keys that these families have in common. Each starts from its own defaults.
struct HybridKeys {
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_hidden_layers = 0;
  double rms_norm_eps = 0;
  bool tie_word_embeddings = false;
  int64_t mamba_d_state = 0;
  int64_t mamba_d_conv = 4;
  int64_t mamba_expand = 2;
};

/// `keys` as they stand in the config, checked; absent ones keep their value. Throws UserError for the config
/// of another family than `family` ("Jamba" of "JambaForCausalLM").
HybridKeys read_hybrid_keys(const Json& config, const std::string& family, HybridKeys keys,
                            const std::string& where);

LanguageModelConfig make_frame(const HybridKeys& keys, transformer::Head head);

/// A model of two residuals a layer, as Jamba and Bamba have them: the i-th layer has an attention where
/// `attends[i]`, else the mixer, and then `feed_forward[i]`.
HybridConfig make_two_part_layers(LanguageModelConfig frame, const std::vector<bool>& attends,
                                  const AttentionConfig& attention, const Part& mixer,
                                  const std::vector<Part>& feed_forward);

/// The keys of attention, with the family's defaults. Without `num_key_value_heads` there are as many as
/// heads, without `head_dim` the heads divide the hidden size.
struct AttentionKeys {
  int64_t num_attention_heads = 32;
  std::optional<int64_t> num_key_value_heads = 8;
  std::optional<int64_t> head_dim = {};
};

/// Causal attention without biases and positions, checked.
AttentionConfig read_attention(const Json& config, int64_t hidden_size, const AttentionKeys& defaults,
                               const std::string& where);

/// The layer types that `layers_block_type` or `layer_types` names, if any: "linear_attention",
/// "full_attention" and others, by their names in transformers 5 ("mamba" and "attention" in transformers 4).
/// Throws UserError for another number of entries than `layers`, where that is given, and where both keys are
/// there and differ.
std::optional<std::vector<std::string>> read_layer_types(const Json& config, std::optional<int64_t> layers,
                                                         const std::string& where);

/// Throws UserError where those types are given and are not what `source` (other keys) makes of the layers.
void require_layer_types(const Json& config, const std::vector<bool>& attention, const char* source,
                         const std::string& where);

/// A language model's head. Throws UserError for a classifier, which transformers does not have of `family`.
transformer::Head read_language_head(const Json& config, int64_t vocab_size, const std::string& family,
                                     const std::string& where);

}  // namespace lrpp::mamba
