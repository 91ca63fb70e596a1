#include <lrpp/adapters/activation.h>
#include <lrpp/plugins/mamba/adapters/config.h>
#include <lrpp/plugins/mamba/adapters/hybrid.h>

namespace lrpp::mamba {
namespace {

using transformer::require_option;
using transformer::require_size;

/// The keys beyond HybridKeys that change what the model computes, with the defaults of transformers'
/// JambaConfig.
struct JambaKeys {
  int64_t intermediate_size = 14336;
  int64_t num_experts = 16;
  int64_t num_experts_per_tok = 2;
  int64_t expert_layer_period = 2, expert_layer_offset = 1;
  int64_t attn_layer_period = 8, attn_layer_offset = 4;
  bool mamba_conv_bias = true;
  bool mamba_proj_bias = false;
};

/// Whether each layer is the `offset`-th of its period.
std::vector<bool> read_period(int64_t layers, const char* name, int64_t period, int64_t offset,
                              const std::string& where) {
  require(period > 0 && offset >= 0 && offset < period, where,
          "'{}_layer_offset' must lie in [0, '{}_layer_period'); got {} and {}", name, name, offset, period);
  std::vector<bool> found;
  for (int64_t i = 0; i < layers; ++i) found.push_back(i % period == offset);
  return found;
}

JambaKeys read_keys(const Json& config, const std::string& where) {
  const auto keys = from_json_value<JambaKeys>(config, where, UnknownKeys::ignore);
  require_option(config, "sliding_window", nullptr, where);
  require_option(config, "num_local_experts", keys.num_experts, where);
  require_silu(config, "hidden_act", where);
  require_size(where, "intermediate_size", keys.intermediate_size);
  require_size(where, "num_experts", keys.num_experts);
  return keys;
}

BlockConfig make_mixer(const HybridKeys& common, const JambaKeys& keys, const Json& config,
                       const std::string& where) {
  BlockConfig mixer;
  mixer.hidden_size = common.hidden_size;
  mixer.intermediate_size = common.mamba_expand * common.hidden_size;
  mixer.state_size = common.mamba_d_state;
  mixer.conv_kernel = common.mamba_d_conv;
  mixer.time_step_rank = read_time_step_rank(config, "mamba_dt_rank", common.hidden_size, where);
  mixer.use_bias = keys.mamba_proj_bias;
  mixer.use_conv_bias = keys.mamba_conv_bias;
  mixer.parameter_norm_eps = common.rms_norm_eps;
  mixer.parameter_norm_weights = true;
  return mixer;
}

NamedMoe make_moe(const HybridKeys& common, const JambaKeys& keys, const MlpConfig& expert,
                  const std::string& where) {
  NamedMoe moe;
  moe.config.hidden_size = common.hidden_size;
  moe.config.experts = keys.num_experts;
  moe.config.chosen = keys.num_experts_per_tok;
  moe.config.expert = expert;
  moe.names.block = "feed_forward";
  moe.names.router = "feed_forward.router";
  moe.names.experts = "feed_forward.experts";
  moe.names.expert.up = "up_proj";
  moe.names.expert.down = "down_proj";
  moe.names.expert.gate = "gate_proj";
  transformer::require_moe(moe.config, {"num_experts", "num_experts_per_tok", "", ""}, where);
  return moe;
}

}  // namespace

HybridConfig read_jamba(const Json& config, const std::string& where) {
  const HybridKeys defaults{.vocab_size = 65536,
                            .hidden_size = 4096,
                            .num_hidden_layers = 32,
                            .rms_norm_eps = 1e-6,
                            .mamba_d_state = 16};
  const HybridKeys common = read_hybrid_keys(config, "Jamba", defaults, where);
  const JambaKeys keys = read_keys(config, where);
  const auto attends =
      read_period(common.num_hidden_layers, "attn", keys.attn_layer_period, keys.attn_layer_offset, where);
  const auto has_experts = read_period(common.num_hidden_layers, "expert", keys.expert_layer_period,
                                       keys.expert_layer_offset, where);
  require_layer_types(config, attends, "'attn_layer_period' and 'attn_layer_offset'", where);
  const AttentionConfig attention = read_attention(config, common.hidden_size, {32, 8}, where);
  const BlockConfig mixer = make_mixer(common, keys, config, where);
  MlpConfig mlp;
  mlp.hidden_size = common.hidden_size;
  mlp.intermediate_size = keys.intermediate_size;
  mlp.activation = make_activation("silu", where);
  mlp.gated = true;
  mlp.bias = false;

  const LanguageModelConfig frame =
      make_frame(common, transformer::read_head(config, common.vocab_size, where));
  std::vector<Part> feed_forward;
  for (const bool mixture : has_experts) {
    const bool several = mixture && keys.num_experts > 1;
    feed_forward.push_back(several ? Part(make_moe(common, keys, mlp, where)) : Part(mlp));
  }
  return make_two_part_layers(frame, attends, attention, mixer, feed_forward);
}

}  // namespace lrpp::mamba
