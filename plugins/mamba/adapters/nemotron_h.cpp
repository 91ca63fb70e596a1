#include <lrpp/adapters/activation.h>
#include <lrpp/plugins/mamba/adapters/config.h>
#include <lrpp/plugins/mamba/adapters/hybrid.h>

#include <cmath>
#include <utility>

namespace lrpp::mamba {
namespace {

using transformer::require_option;
using transformer::require_size;

/// The keys that change what the model computes, with the defaults of transformers' NemotronHConfig.
struct NemotronKeys {
  int64_t vocab_size = 131072;
  int64_t hidden_size = 4096;
  std::optional<int64_t> num_hidden_layers;
  std::optional<std::string> hybrid_override_pattern;
  double layer_norm_epsilon = 1e-5;
  bool residual_in_fp32 = false;
  int64_t intermediate_size = 21504;
  std::string mlp_hidden_act = "relu2";
  bool mlp_bias = false;
  int64_t ssm_state_size = 128;
  int64_t mamba_num_heads = 128;
  int64_t mamba_head_dim = 64;
  int64_t n_groups = 8;
  int64_t conv_kernel = 4;
  bool use_bias = false;
  bool use_conv_bias = true;
  double time_step_min = 0.001;
};

struct MoeKeys {
  int64_t n_routed_experts = 8;
  int64_t num_experts_per_tok = 2;
  int64_t n_group = 1;
  int64_t topk_group = 1;
  bool norm_topk_prob = true;
  double routed_scaling_factor = 1;
  int64_t moe_intermediate_size = 7688;
  int64_t moe_shared_expert_intermediate_size = 7688;
  std::optional<int64_t> moe_latent_size;
};

/// The keys that older configs have for others.
constexpr std::pair<const char*, const char*> old_keys[] = {
    {"mamba_n_groups", "n_groups"},     {"mamba_d_conv", "conv_kernel"},
    {"mamba_dt_min", "time_step_min"},  {"mamba_conv_bias", "use_conv_bias"},
    {"attention_head_dim", "head_dim"}, {"num_local_experts", "n_routed_experts"}};

Json with_present_keys(Json config, const std::string& where) {
  for (const auto& [old, present] : old_keys) {
    const auto found = config.find(old);
    if (found == config.end()) continue;
    require(!config.contains(present) || config[present] == *found, where,
            "has both '{}' and '{}', and they differ; keep one", old, present);
    config[present] = *found;
  }
  return config;
}

NemotronKeys read_keys(const Json& config, const std::string& where) {
  const auto keys = from_json_value<NemotronKeys>(config, where, UnknownKeys::ignore);
  require_family(config, "NemotronH", where);
  transformer::require_plain_checkpoint(config, where);
  require_silu(config, "mamba_hidden_act", where);
  // transformers knows these keys and builds the model as if they had these values.
  require_option(config, "attention_bias", false, where);
  require_option(config, "mamba_proj_bias", false, where);
  require_option(config, "sliding_window", nullptr, where);
  require_option(config, "tie_word_embeddings", false, where);
  require_option(config, "n_shared_experts", 1, where);
  require_size(where, "vocab_size", keys.vocab_size);
  require_size(where, "hidden_size", keys.hidden_size);
  require_size(where, "intermediate_size", keys.intermediate_size);
  require_size(where, "ssm_state_size", keys.ssm_state_size);
  require_size(where, "conv_kernel", keys.conv_kernel);
  transformer::require_eps(where, "layer_norm_epsilon", keys.layer_norm_epsilon);
  require_time_step_min(keys.time_step_min, where);
  return keys;
}

/// "M*-E" -> {"linear_attention", "full_attention", "mlp", "moe"}.
std::vector<std::string> read_pattern(const std::string& pattern, const std::string& where) {
  std::vector<std::string> types;
  for (const char letter : pattern) {
    require(std::string_view("M*-E").find(letter) != std::string_view::npos, where,
            "'hybrid_override_pattern' may hold M, *, - and E; got '{}'", letter);
    types.push_back(letter == 'M'   ? "linear_attention"
                    : letter == '*' ? "full_attention"
                    : letter == '-' ? "mlp"
                                    : "moe");
  }
  return types;
}

std::vector<std::string> read_types(const NemotronKeys& keys, const Json& config, const std::string& where) {
  std::optional<std::vector<std::string>> types = read_layer_types(config, keys.num_hidden_layers, where);
  if (keys.hybrid_override_pattern) {
    const std::vector<std::string> pattern = read_pattern(*keys.hybrid_override_pattern, where);
    require(!types || *types == pattern, where,
            "has both 'layers_block_type' and 'hybrid_override_pattern', and they differ; keep one");
    types = pattern;
  }
  require(types.has_value(), where,
          "needs 'layers_block_type' or 'hybrid_override_pattern', which say what each layer is");
  require(keys.num_hidden_layers.value_or(std::ssize(*types)) == std::ssize(*types), where,
          "'num_hidden_layers' must be the number of layers that are listed, {}; got {}", types->size(),
          keys.num_hidden_layers.value_or(0));
  return *types;
}

Mamba2Config make_mixer(const NemotronKeys& keys, const std::string& where) {
  Mamba2Config mixer;
  mixer.hidden_size = keys.hidden_size;
  mixer.heads = keys.mamba_num_heads;
  mixer.head_dim = keys.mamba_head_dim;
  mixer.state_size = keys.ssm_state_size;
  mixer.groups = mixer.norm_groups = keys.n_groups;
  mixer.conv_kernel = keys.conv_kernel;
  mixer.use_bias = keys.use_bias;
  mixer.use_conv_bias = keys.use_conv_bias;
  // transformers goes by this key and not by time_step_limit.
  mixer.dt_min = keys.time_step_min;
  mixer.norm_eps = keys.layer_norm_epsilon;
  require_mamba2(mixer, {"mamba_num_heads", "mamba_head_dim", "n_groups"}, mixer.heads * mixer.head_dim,
                 where);
  return mixer;
}

MlpConfig make_mlp(const NemotronKeys& keys, const std::string& where) {
  MlpConfig mlp;
  mlp.hidden_size = keys.hidden_size;
  mlp.intermediate_size = keys.intermediate_size;
  mlp.activation = make_activation(keys.mlp_hidden_act, where);
  mlp.bias = keys.mlp_bias;
  return mlp;
}

NamedMoe make_moe(const Json& config, const MlpConfig& mlp, const std::string& where) {
  const auto keys = from_json_value<MoeKeys>(config, where, UnknownKeys::ignore);
  require_size(where, "moe_intermediate_size", keys.moe_intermediate_size);
  require_size(where, "moe_shared_expert_intermediate_size", keys.moe_shared_expert_intermediate_size);
  require_size(where, "moe_latent_size", keys.moe_latent_size.value_or(1));
  require(std::isfinite(keys.routed_scaling_factor), where, "'routed_scaling_factor' must be finite; got {}",
          keys.routed_scaling_factor);
  NamedMoe moe;
  moe.config.hidden_size = mlp.hidden_size;
  moe.config.experts = keys.n_routed_experts;
  moe.config.chosen = keys.num_experts_per_tok;
  moe.config.scoring = transformer::Scoring::sigmoid;
  moe.config.correction_bias = true;
  moe.config.groups = keys.n_group;
  moe.config.kept_groups = keys.topk_group;
  moe.config.normalized = keys.norm_topk_prob;
  moe.config.scale = keys.routed_scaling_factor;
  moe.config.latent_size = keys.moe_latent_size.value_or(0);
  moe.config.latent_bias = mlp.bias;
  moe.config.expert = mlp;
  moe.config.expert.hidden_size = keys.moe_latent_size.value_or(mlp.hidden_size);
  moe.config.expert.intermediate_size = keys.moe_intermediate_size;
  moe.config.expert.bias = false;
  moe.config.shared = mlp;
  moe.config.shared->intermediate_size = keys.moe_shared_expert_intermediate_size;
  transformer::require_moe(moe.config, {"n_routed_experts", "num_experts_per_tok", "n_group", "topk_group"},
                           where);
  moe.names.block = "mixer";
  moe.names.router = "mixer.gate";
  moe.names.correction_bias = "mixer.gate.e_score_correction_bias";
  moe.names.experts = "mixer.experts";
  moe.names.expert.up = "up_proj";
  moe.names.expert.down = "down_proj";
  moe.names.shared.block = "mixer.shared_experts";
  moe.names.shared.up = "mixer.shared_experts.up_proj";
  moe.names.shared.down = "mixer.shared_experts.down_proj";
  moe.names.latent_in = "mixer.fc1_latent_proj";
  moe.names.latent_out = "mixer.fc2_latent_proj";
  return moe;
}

}  // namespace

HybridConfig read_nemotron_h(const Json& given, const std::string& where) {
  const Json config = with_present_keys(given, where);
  const NemotronKeys keys = read_keys(config, where);
  const Mamba2Config mixer = make_mixer(keys, where);
  const MlpConfig mlp = make_mlp(keys, where);
  const AttentionConfig attention = read_attention(config, keys.hidden_size, {32, 8, 128}, where);
  const NamedMoe moe = make_moe(config, mlp, where);
  const std::vector<std::string> types = read_types(keys, config, where);

  HybridConfig hybrid;
  hybrid.names = {.base = "backbone", .embedding = "backbone.embeddings", .norm = "backbone.norm_f"};
  hybrid.frame.vocab_size = keys.vocab_size;
  hybrid.frame.hidden_size = keys.hidden_size;
  hybrid.frame.norm = {/*rms=*/true, keys.layer_norm_epsilon};
  hybrid.frame.head = read_language_head(config, keys.vocab_size, "NemotronH", where);
  hybrid.residual_in_fp32 = keys.residual_in_fp32;
  hybrid.unused = "mtp.";  // layers that predict further tokens
  for (size_t i = 0; i < types.size(); ++i) {
    Part part = mixer;
    if (types[i] == "full_attention") {
      part = attention;
    } else if (types[i] == "mlp") {
      part = mlp;
    } else if (types[i] == "moe") {
      part = moe;
    } else {
      require(types[i] == "linear_attention", where,
              "'layers_block_type' may hold linear_attention, full_attention, mlp and moe; got '{}'",
              types[i]);
    }
    hybrid.residuals.push_back({fmt::format("backbone.layers.{}", i), "norm", "mixer", "add", part});
  }
  return hybrid;
}

}  // namespace lrpp::mamba
