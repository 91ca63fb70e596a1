#include <lrpp/adapters/activation.h>
#include <lrpp/adapters/transformer/rope_config.h>
#include <lrpp/plugins/mamba/adapters/config.h>
#include <lrpp/plugins/mamba/adapters/hybrid.h>
#include <lrpp/plugins/mamba/adapters/zamba2.h>

#include <cmath>

namespace lrpp::mamba {
namespace {

using transformer::require_layers;
using transformer::require_option;
using transformer::require_size;

/// The keys that change what the model computes, with the defaults of transformers' Zamba2Config.
struct Zamba2Keys {
  int64_t vocab_size = 32000;
  int64_t hidden_size = 2560;
  std::optional<int64_t> intermediate_size;
  int64_t num_hidden_layers = 54;
  double rms_norm_eps = 1e-5;
  bool tie_word_embeddings = true;
  std::string hidden_act = "gelu";
  int64_t mamba_d_state = 64;
  int64_t mamba_d_conv = 4;
  int64_t mamba_expand = 2;
  int64_t mamba_ngroups = 1;
  int64_t n_mamba_heads = 8;
  bool add_bias_linear = false;
  double time_step_min = 0.001;
  int64_t num_mem_blocks = 1;
  bool use_shared_attention_adapter = false;
  int64_t adapter_rank = 128;
  bool use_mem_rope = false;
  bool use_long_context = false;
};

Zamba2Keys read_keys(const Json& config, const std::string& where) {
  auto keys = from_json_value<Zamba2Keys>(config, where, UnknownKeys::ignore);
  require_family(config, "Zamba2", where);
  transformer::require_plain_checkpoint(config, where);
  require_size(where, "vocab_size", keys.vocab_size);
  require_size(where, "hidden_size", keys.hidden_size);
  if (!keys.intermediate_size) keys.intermediate_size = 4 * keys.hidden_size;
  require_size(where, "intermediate_size", *keys.intermediate_size);
  require_layers(where, "num_hidden_layers", keys.num_hidden_layers);
  require_size(where, "mamba_d_state", keys.mamba_d_state);
  require_size(where, "mamba_d_conv", keys.mamba_d_conv);
  require_size(where, "mamba_expand", keys.mamba_expand);
  require_size(where, "n_mamba_heads", keys.n_mamba_heads);
  require_size(where, "num_mem_blocks", keys.num_mem_blocks);
  require_size(where, "adapter_rank", keys.adapter_rank);
  transformer::require_eps(where, "rms_norm_eps", keys.rms_norm_eps);
  require(keys.time_step_min >= 0 && std::isfinite(keys.time_step_min), where,
          "'time_step_min' must be at least 0; got {}", keys.time_step_min);
  // transformers builds a convolution with a bias, and time steps without an upper limit, whatever these say.
  require_option(config, "use_conv_bias", true, where);
  require_option(config, "time_step_limit", nullptr, where);
  require(
      !keys.use_long_context || !keys.use_mem_rope, where,
      "'use_long_context' must be false where 'use_mem_rope' is true: transformers 4 raises the base of the "
      "rotary embedding for it and transformers 5 does not. Put the base into 'rope_parameters' and set "
      "'use_long_context' to false");
  return keys;
}

Mamba2Config make_mixer(const Zamba2Keys& keys, const Json& config, const std::string& where) {
  Mamba2Config mixer;
  mixer.hidden_size = keys.hidden_size;
  mixer.heads = keys.n_mamba_heads;
  mixer.head_dim = keys.mamba_expand * keys.hidden_size / keys.n_mamba_heads;
  require_option(config, "mamba_headdim", mixer.head_dim, where);
  mixer.state_size = keys.mamba_d_state;
  mixer.groups = mixer.norm_groups = keys.mamba_ngroups;
  mixer.conv_kernel = keys.mamba_d_conv;
  mixer.use_bias = keys.add_bias_linear;
  mixer.dt_min = keys.time_step_min;
  mixer.norm_eps = 1e-5;  // transformers takes no key for it
  require_mamba2(mixer, {"n_mamba_heads", "mamba_headdim", "mamba_ngroups"},
                 keys.mamba_expand * keys.hidden_size, where);
  return mixer;
}

AttentionConfig make_attention(const Zamba2Keys& keys, const Json& config, const std::string& where) {
  AttentionConfig attention = read_attention(config, 2 * keys.hidden_size, {32, std::nullopt}, where);
  transformer::require_heads(where, "attention_hidden_size", attention.hidden_size, "num_attention_heads",
                             attention.heads);
  require_option(config, "attention_hidden_size", attention.hidden_size, where);
  require_option(config, "attention_head_dim", attention.hidden_size / attention.heads, where);
  require_option(config, "head_dim", attention.hidden_size / attention.heads, where);
  attention.out_size = keys.hidden_size;
  attention.scale = 1 / std::sqrt(static_cast<double>(attention.head_dim) / 2);
  if (keys.use_shared_attention_adapter) {
    require(
        attention.kv_heads == attention.heads, where,
        "'num_key_value_heads' must be 'num_attention_heads' where 'use_shared_attention_adapter' is true; "
        "got {} and {}",
        attention.kv_heads, attention.heads);
    attention.adapter_rank = keys.adapter_rank;
  }
  if (!keys.use_mem_rope) return attention;
  const ops::RopeAttributes rope = transformer::read_rope(config, attention.head_dim, {}, where);
  require(rope.dim == attention.head_dim, where,
          "'partial_rotary_factor' must be 1; got a part of {} of {} channels, which this adapter does not "
          "support",
          rope.dim, attention.head_dim);
  attention.rope = std::make_shared<ops::RopeTable>(rope);
  return attention;
}

/// Whether a block stands before each layer's mixer.
std::vector<bool> read_hybrid(const Zamba2Keys& keys, const Json& config, const std::string& where) {
  const auto types = read_layer_types(config, keys.num_hidden_layers, where);
  require(
      types.has_value(), where,
      "needs 'layers_block_type', which says of each layer whether it is \"linear_attention\" (\"mamba\" in "
      "transformers 4) or \"hybrid\"");
  std::vector<bool> hybrid;
  for (const std::string& type : *types) {
    require(type == "linear_attention" || type == "hybrid", where,
            "'layers_block_type' may hold linear_attention (or mamba) and hybrid; got '{}'", type);
    hybrid.push_back(type == "hybrid");
  }
  Json ids = Json::array();
  for (size_t i = 0; i < hybrid.size(); ++i) {
    if (hybrid[i]) ids.push_back(i);
  }
  const auto stored = config.find("hybrid_layer_ids");
  require(stored == config.end() || *stored == ids, where,
          "'hybrid_layer_ids' must agree with 'layers_block_type', {}; got {}", ids.dump(),
          stored == config.end() ? "" : stored->dump());
  return hybrid;
}

}  // namespace

Zamba2Config read_zamba2(const Json& config, const std::string& where) {
  const Zamba2Keys keys = read_keys(config, where);
  Zamba2Config zamba;
  zamba.frame.vocab_size = keys.vocab_size;
  zamba.frame.hidden_size = keys.hidden_size;
  zamba.frame.norm = {/*rms=*/true, keys.rms_norm_eps};
  zamba.frame.tied_head = keys.tie_word_embeddings;
  zamba.frame.head = transformer::read_head(config, keys.vocab_size, where);
  zamba.mixer = make_mixer(keys, config, where);
  zamba.attention = make_attention(keys, config, where);
  zamba.mlp.hidden_size = keys.hidden_size;
  zamba.mlp.intermediate_size = *keys.intermediate_size;
  zamba.mlp.activation = make_activation(keys.hidden_act, where);
  zamba.mlp.gated = zamba.mlp.fused = true;
  zamba.mlp.bias = keys.add_bias_linear;
  zamba.mlp.adapter_rank = keys.adapter_rank;
  zamba.hybrid = read_hybrid(keys, config, where);
  zamba.blocks = keys.num_mem_blocks;
  return zamba;
}

}  // namespace lrpp::mamba
