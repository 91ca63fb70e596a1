#include <lrpp/adapters/activation.h>
#include <lrpp/adapters/transformer/rope_config.h>
#include <lrpp/plugins/mamba/adapters/config.h>
#include <lrpp/plugins/mamba/adapters/hybrid.h>
#include <lrpp/plugins/mamba/adapters/zamba2.h>

#include <cmath>

namespace lrpp::mamba {
namespace {

using transformer::require_option;
using transformer::require_size;

/// The keys beyond HybridKeys that change what the model computes, with the defaults of transformers'
/// Zamba2Config.
struct Zamba2Keys {
  std::optional<int64_t> intermediate_size;
  std::string hidden_act = "gelu";
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

Zamba2Keys read_keys(const Json& config, const HybridKeys& common, const std::string& where) {
  auto keys = from_json_value<Zamba2Keys>(config, where, UnknownKeys::ignore);
  if (!keys.intermediate_size) keys.intermediate_size = 4 * common.hidden_size;
  require_size(where, "intermediate_size", *keys.intermediate_size);
  require_size(where, "n_mamba_heads", keys.n_mamba_heads);
  require_size(where, "num_mem_blocks", keys.num_mem_blocks);
  require_size(where, "adapter_rank", keys.adapter_rank);
  require_time_step_min(keys.time_step_min, where);
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

Mamba2Config make_mixer(const HybridKeys& common, const Zamba2Keys& keys, const Json& config,
                        const std::string& where) {
  Mamba2Config mixer;
  mixer.hidden_size = common.hidden_size;
  mixer.heads = keys.n_mamba_heads;
  mixer.head_dim = common.mamba_expand * common.hidden_size / keys.n_mamba_heads;
  require_option(config, "mamba_headdim", mixer.head_dim, where);
  mixer.state_size = common.mamba_d_state;
  mixer.groups = mixer.norm_groups = keys.mamba_ngroups;
  mixer.conv_kernel = common.mamba_d_conv;
  mixer.use_bias = keys.add_bias_linear;
  mixer.dt_min = keys.time_step_min;
  mixer.norm_eps = 1e-5;  // transformers takes no key for it
  require_mamba2(mixer, {"n_mamba_heads", "mamba_headdim", "mamba_ngroups"},
                 common.mamba_expand * common.hidden_size, where);
  return mixer;
}

AttentionConfig make_attention(const HybridKeys& common, const Zamba2Keys& keys, const Json& config,
                               const std::string& where) {
  AttentionConfig attention = read_attention(config, 2 * common.hidden_size, {32, std::nullopt}, where);
  transformer::require_heads(where, "attention_hidden_size", attention.hidden_size, "num_attention_heads",
                             attention.heads);
  require_option(config, "attention_hidden_size", attention.hidden_size, where);
  require_option(config, "attention_head_dim", attention.hidden_size / attention.heads, where);
  require_option(config, "head_dim", attention.hidden_size / attention.heads, where);
  attention.out_size = common.hidden_size;
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
std::vector<bool> read_hybrid(const HybridKeys& common, const Json& config, const std::string& where) {
  const auto types = read_layer_types(config, common.num_hidden_layers, where);
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
  const HybridKeys defaults{.vocab_size = 32000,
                            .hidden_size = 2560,
                            .num_hidden_layers = 54,
                            .rms_norm_eps = 1e-5,
                            .tie_word_embeddings = true,
                            .mamba_d_state = 64};
  const HybridKeys common = read_hybrid_keys(config, "Zamba2", defaults, where);
  const Zamba2Keys keys = read_keys(config, common, where);
  Zamba2Config zamba;
  zamba.frame = make_frame(common, transformer::read_head(config, common.vocab_size, where));
  zamba.mixer = make_mixer(common, keys, config, where);
  zamba.attention = make_attention(common, keys, config, where);
  zamba.mlp.hidden_size = common.hidden_size;
  zamba.mlp.intermediate_size = *keys.intermediate_size;
  zamba.mlp.activation = make_activation(keys.hidden_act, where);
  zamba.mlp.gated = zamba.mlp.fused = true;
  zamba.mlp.bias = keys.add_bias_linear;
  zamba.mlp.adapter_rank = keys.adapter_rank;
  zamba.hybrid = read_hybrid(common, config, where);
  zamba.blocks = keys.num_mem_blocks;
  return zamba;
}

}  // namespace lrpp::mamba
