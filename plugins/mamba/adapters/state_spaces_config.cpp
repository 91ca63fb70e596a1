#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/plugins/mamba/adapters/stack_config.h>

namespace lrpp::mamba {
namespace {

struct SsmConfig {
  std::string layer = "Mamba1";
  int64_t d_state = 16;
  int64_t d_conv = 4;
  int64_t expand = 2;
  bool conv_bias = true;
  bool bias = false;
  // Initialisation and speed only; listed so that any other key is an error.
  std::optional<double> dt_min, dt_max, dt_scale, dt_init_floor;
  std::optional<std::string> dt_init;
  std::optional<bool> use_fast_path;
};

struct StateSpacesConfig {
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

void check(const StateSpacesConfig& config, const SsmConfig& ssm, const std::string& where) {
  require(ssm.layer == "Mamba1", where,
          "'ssm_cfg.layer' must be \"Mamba1\"; got \"{}\", which this adapter does not "
          "support",
          ssm.layer);
  require(config.rms_norm, where, "'rms_norm' must be true; LayerNorm is not supported by this adapter");
  require(config.d_intermediate == 0, where,
          "'d_intermediate' must be 0; MLP layers are not supported by this adapter");
  require(config.attn_layer_idx.empty(), where,
          "'attn_layer_idx' must be empty; attention layers are not supported by this adapter");
  const auto positive = [&](std::string_view key, int64_t value) {
    require(value > 0 && value <= max_size, where, "'{}' must be between 1 and 2^24; got {}", key, value);
  };
  positive("d_model", config.d_model);
  positive("vocab_size", config.vocab_size);
  positive("pad_vocab_size_multiple", config.pad_vocab_size_multiple);
  positive("ssm_cfg.d_state", ssm.d_state);
  positive("ssm_cfg.d_conv", ssm.d_conv);
  positive("ssm_cfg.expand", ssm.expand);
  require(config.n_layer >= 0 && config.n_layer < 100000, where,
          "'n_layer' must be between 0 and 100000; got {}", config.n_layer);
}

}  // namespace

bool is_state_spaces_config(const Json& config) {
  return config.contains("d_model") && config.contains("ssm_cfg");
}

StackConfig read_state_spaces_config(Json top, const std::string& where) {
  Json ssm_json = top.contains("ssm_cfg") ? top["ssm_cfg"] : Json::object();
  top.erase("ssm_cfg");
  if (top.contains("attn_cfg")) {
    require(top["attn_cfg"].empty(), where,
            "'attn_cfg' must be empty; attention is not supported by this adapter");
    top.erase("attn_cfg");
  }
  require(ssm_json.is_object(), where, "'ssm_cfg' must be an object; got {}", describe_value(ssm_json));
  std::optional<int64_t> rank;
  if (const auto dt_rank = ssm_json.find("dt_rank"); dt_rank != ssm_json.end()) {
    if (*dt_rank != "auto") {
      require(dt_rank->is_number_integer() && *dt_rank > 0 && *dt_rank <= max_size, where,
              "'ssm_cfg.dt_rank' must be \"auto\" or a positive integer; got {}", describe_value(*dt_rank));
      rank = dt_rank->get<int64_t>();
    }
    ssm_json.erase("dt_rank");
  }
  const auto config = from_json_value<StateSpacesConfig>(top, where);
  const auto ssm = from_json_value<SsmConfig>(ssm_json, where + " ssm_cfg");
  check(config, ssm, where);

  const int64_t multiple = config.pad_vocab_size_multiple;
  StackConfig stack;
  stack.block = {config.d_model,
                 ssm.expand * config.d_model,
                 ssm.d_state,
                 ssm.d_conv,
                 rank.value_or((config.d_model + 15) / 16),
                 ssm.bias,
                 ssm.conv_bias,
                 1e-5};
  stack.num_layers = config.n_layer;
  stack.vocab_size = (config.vocab_size + multiple - 1) / multiple * multiple;
  stack.num_outputs = stack.vocab_size;
  stack.tied_head = config.tie_embeddings;
  stack.residual_in_fp32 = config.residual_in_fp32;
  stack.embedding = "backbone.embedding";
  return stack;
}

}  // namespace lrpp::mamba
