#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/plugins/mamba/adapters/config.h>
#include <lrpp/plugins/mamba/adapters/stack_config.h>

namespace lrpp::mamba {
namespace {

using transformer::require_layers;
using transformer::require_size;

/// ssm_cfg of "Mamba1" and of "Mamba2". Keys that are about initialisation and speed only are listed so that
/// any other key is an error; `layer` and `dt_rank` are read apart.
struct Mamba1Keys {
  int64_t d_state = 16;
  int64_t d_conv = 4;
  int64_t expand = 2;
  bool conv_bias = true;
  bool bias = false;
  std::optional<double> dt_min, dt_max, dt_scale, dt_init_floor;
  std::optional<std::string> dt_init;
  std::optional<bool> use_fast_path;
};

struct Mamba2Keys {
  int64_t d_state = 128;
  int64_t d_conv = 4;
  int64_t expand = 2;
  int64_t headdim = 64;
  std::optional<int64_t> d_ssm;
  int64_t ngroups = 1;
  bool conv_bias = true;
  bool bias = false;
  bool rmsnorm = true;
  bool norm_before_gate = false;
  bool D_has_hdim = false;
  std::optional<double> conv_init, dt_min, dt_max, dt_init_floor;
  std::optional<std::vector<double>> A_init_range;
  std::optional<int64_t> chunk_size;
  std::optional<bool> use_mem_eff_path;
};

struct StateSpacesKeys {
  std::optional<std::string> model_type;
  int64_t d_model = 2560;
  int64_t d_intermediate = 0;
  int64_t n_layer = 64;
  int64_t vocab_size = 50277;
  std::vector<int64_t> attn_layer_idx;
  bool rms_norm = true;
  bool residual_in_fp32 = true;
  bool fused_add_norm = true;
  int64_t pad_vocab_size_multiple = 8;
  bool tie_embeddings = true;
};

constexpr double norm_eps = 1e-5;

void check(const StateSpacesKeys& keys, const std::string& where) {
  require(keys.rms_norm, where, "'rms_norm' must be true; LayerNorm is not supported by this adapter");
  require(keys.d_intermediate == 0, where,
          "'d_intermediate' must be 0; MLP layers are not supported by this adapter");
  require(keys.attn_layer_idx.empty(), where,
          "'attn_layer_idx' must be empty; attention layers are not supported by this adapter");
  require_size(where, "d_model", keys.d_model);
  require_size(where, "vocab_size", keys.vocab_size);
  require_size(where, "pad_vocab_size_multiple", keys.pad_vocab_size_multiple);
  require_layers(where, "n_layer", keys.n_layer);
}

template <class Keys>
void check_sizes(const Keys& keys, const std::string& where) {
  require_size(where, "d_state", keys.d_state);
  require_size(where, "d_conv", keys.d_conv);
  require_size(where, "expand", keys.expand);
}

Mamba2Config read_mamba2(Json ssm, int64_t d_model, const std::string& where) {
  Mamba2Config mixer;
  std::tie(mixer.dt_min, mixer.dt_max) = read_time_step_limit(ssm, "dt_limit", where);
  ssm.erase("dt_limit");
  const auto keys = from_json_value<Mamba2Keys>(ssm, where);
  check_sizes(keys, where);
  const int64_t expanded = keys.expand * d_model;
  require(keys.d_ssm.value_or(expanded) == expanded, where,
          "'d_ssm' must be expand x d_model = {}; got {}, which leaves an MLP that this adapter does not "
          "support",
          expanded, keys.d_ssm.value_or(0));
  require(keys.rmsnorm, where, "'rmsnorm' must be true; a mixer without its norm is not supported");
  require(!keys.norm_before_gate, where, "'norm_before_gate' must be false; true is not supported");
  require(!keys.D_has_hdim, where, "'D_has_hdim' must be false; true is not supported");
  mixer.hidden_size = d_model;
  mixer.head_dim = keys.headdim;
  require_size(where, "headdim", keys.headdim);
  mixer.heads = expanded / keys.headdim;
  mixer.state_size = keys.d_state;
  mixer.groups = mixer.norm_groups = keys.ngroups;
  mixer.conv_kernel = keys.d_conv;
  mixer.use_bias = keys.bias;
  mixer.use_conv_bias = keys.conv_bias;
  mixer.norm_eps = norm_eps;
  require_mamba2(mixer, {"expand x d_model / headdim", "headdim", "ngroups"}, expanded, where);
  return mixer;
}

}  // namespace

BlockConfig read_mamba1_ssm_cfg(Json ssm, int64_t d_model, const std::string& where) {
  BlockConfig block;
  block.time_step_rank = read_time_step_rank(ssm, "dt_rank", d_model, where);
  ssm.erase("dt_rank");
  const auto keys = from_json_value<Mamba1Keys>(ssm, where);
  check_sizes(keys, where);
  block.hidden_size = d_model;
  block.intermediate_size = keys.expand * d_model;
  block.state_size = keys.d_state;
  block.conv_kernel = keys.d_conv;
  block.use_bias = keys.bias;
  block.use_conv_bias = keys.conv_bias;
  return block;
}

bool is_state_spaces_config(const Json& config) {
  return config.contains("d_model") && config.contains("ssm_cfg");
}

StackConfig read_state_spaces_config(const Json& config, const std::string& where) {
  Json top = config;
  Json ssm = top.contains("ssm_cfg") ? top["ssm_cfg"] : Json::object();
  top.erase("ssm_cfg");
  if (top.contains("attn_cfg")) {
    require(top["attn_cfg"].empty(), where,
            "'attn_cfg' must be empty; attention is not supported by this adapter");
    top.erase("attn_cfg");
  }
  require(ssm.is_object(), where, "'ssm_cfg' must be an object; got {}", describe_value(ssm));
  const auto keys = from_json_value<StateSpacesKeys>(top, where);
  check(keys, where);
  const std::string ssm_where = where + " ssm_cfg";
  const Json layer = ssm.contains("layer") ? ssm["layer"] : Json("Mamba1");
  ssm.erase("layer");

  StackConfig stack;
  if (layer == "Mamba1") {
    stack.mixer = read_mamba1_ssm_cfg(ssm, keys.d_model, ssm_where);
  } else {
    require(layer == "Mamba2", where, "'ssm_cfg.layer' must be \"Mamba1\" or \"Mamba2\"; got {}",
            layer.dump());
    stack.mixer = read_mamba2(ssm, keys.d_model, ssm_where);
  }
  const int64_t multiple = keys.pad_vocab_size_multiple;
  stack.num_layers = keys.n_layer;
  stack.residual_in_fp32 = keys.residual_in_fp32;
  stack.embedding = "backbone.embedding";
  stack.frame.vocab_size = (keys.vocab_size + multiple - 1) / multiple * multiple;
  stack.frame.hidden_size = keys.d_model;
  stack.frame.norm = {/*rms=*/true, norm_eps};
  stack.frame.tied_head = keys.tie_embeddings;
  stack.frame.head.outputs = stack.frame.vocab_size;
  return stack;
}

}  // namespace lrpp::mamba
