#include <lrpp/adapters/activation.h>
#include <lrpp/adapters/transformer/rope_config.h>
#include <lrpp/plugins/mamba/adapters/config.h>
#include <lrpp/plugins/mamba/adapters/hybrid.h>

namespace lrpp::mamba {
namespace {

using transformer::require_option;
using transformer::require_size;

/// The keys beyond HybridKeys that change what the model computes, with the defaults of transformers'
/// BambaConfig.
struct BambaKeys {
  int64_t intermediate_size = 14336;
  std::optional<std::vector<int64_t>> attn_layer_indices;
  int64_t mamba_n_heads = 128;
  int64_t mamba_n_groups = 1;
  bool mamba_conv_bias = true;
  bool mamba_proj_bias = false;
  bool attention_bias = false;
  bool mlp_bias = false;
};

BambaKeys read_keys(const Json& config, const std::string& where) {
  const auto keys = from_json_value<BambaKeys>(config, where, UnknownKeys::ignore);
  require_silu(config, "hidden_act", where);
  // transformers turns half of each head, whatever stands here; only `rope_parameters` may say otherwise.
  require_option(config, "partial_rotary_factor", 0.5, where);
  require_size(where, "intermediate_size", keys.intermediate_size);
  return keys;
}

/// Whether each layer attends.
std::vector<bool> read_attending(const HybridKeys& common, const BambaKeys& keys, const Json& config,
                                 const std::string& where) {
  std::vector<bool> attends(static_cast<size_t>(common.num_hidden_layers), false);
  for (const int64_t index : keys.attn_layer_indices.value_or(std::vector<int64_t>{})) {
    require(index >= 0 && index < common.num_hidden_layers, where,
            "'attn_layer_indices' must lie in [0, 'num_hidden_layers') = [0, {}); got {}",
            common.num_hidden_layers, index);
    attends[static_cast<size_t>(index)] = true;
  }
  require_layer_types(config, attends, "'attn_layer_indices'", where);
  return attends;
}

/// A number, or "auto" (the default): the expanded hidden size over the heads.
int64_t read_head_dim(const HybridKeys& common, const BambaKeys& keys, const Json& config,
                      const std::string& where) {
  const auto found = config.find("mamba_d_head");
  if (found == config.end() || found->is_null() || *found == "auto") {
    const int64_t expanded = common.mamba_expand * common.hidden_size;
    require(expanded % keys.mamba_n_heads == 0, where,
            "'mamba_n_heads' must divide the expanded hidden size {}; got {}", expanded, keys.mamba_n_heads);
    return expanded / keys.mamba_n_heads;
  }
  require(found->is_number_integer(), where, "'mamba_d_head' must be \"auto\" or an integer; got {}",
          describe_value(*found));
  return found->get<int64_t>();
}

Mamba2Config make_mixer(const HybridKeys& common, const BambaKeys& keys, const Json& config,
                        const std::string& where) {
  require_size(where, "mamba_n_heads", keys.mamba_n_heads);
  Mamba2Config mixer;
  mixer.hidden_size = common.hidden_size;
  mixer.heads = keys.mamba_n_heads;
  mixer.head_dim = read_head_dim(common, keys, config, where);
  mixer.state_size = common.mamba_d_state;
  mixer.groups = keys.mamba_n_groups;
  mixer.conv_kernel = common.mamba_d_conv;
  mixer.use_bias = keys.mamba_proj_bias;
  mixer.use_conv_bias = keys.mamba_conv_bias;
  mixer.norm_eps = common.rms_norm_eps;
  std::tie(mixer.dt_min, mixer.dt_max) = read_time_step_limit(config, "time_step_limit", where);
  require_mamba2(mixer, {"mamba_n_heads", "mamba_d_head", "mamba_n_groups"},
                 common.mamba_expand * common.hidden_size, where);
  return mixer;
}

}  // namespace

HybridConfig read_bamba(const Json& config, const std::string& where) {
  const HybridKeys defaults{.vocab_size = 128000,
                            .hidden_size = 4096,
                            .num_hidden_layers = 32,
                            .rms_norm_eps = 1e-5,
                            .mamba_d_state = 256};
  const HybridKeys common = read_hybrid_keys(config, "Bamba", defaults, where);
  const BambaKeys keys = read_keys(config, where);
  const std::vector<bool> attends = read_attending(common, keys, config, where);
  const Mamba2Config mixer = make_mixer(common, keys, config, where);
  AttentionConfig attention = read_attention(config, common.hidden_size, {32, 8}, where);
  attention.qkv_bias = attention.out_bias = keys.attention_bias;
  const transformer::RopeDefaults rope{.theta = 10000, .partial = 0.5};
  attention.rope =
      std::make_shared<ops::RopeTable>(transformer::read_rope(config, attention.head_dim, rope, where));
  MlpConfig mlp;
  mlp.hidden_size = common.hidden_size;
  mlp.intermediate_size = keys.intermediate_size;
  mlp.activation = make_activation("silu", where);
  mlp.gated = true;
  mlp.bias = keys.mlp_bias;

  const LanguageModelConfig frame =
      make_frame(common, read_language_head(config, common.vocab_size, "Bamba", where));
  return make_two_part_layers(frame, attends, attention, mixer, std::vector<Part>(attends.size(), mlp));
}

}  // namespace lrpp::mamba
