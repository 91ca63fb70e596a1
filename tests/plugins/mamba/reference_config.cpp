// What the oracle reads from config.json: the names of the options are those of transformers.
#include <lrpp/tests/plugins/mamba/reference_mamba.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace lrpp::testing {
namespace {

/// A number; Infinity too, which transformers writes as {"__float__": "Infinity"}.
double number(const Json& value) {
  return value.is_object() && value.value("__float__", "") == "Infinity" ? INFINITY : value.get<double>();
}

}  // namespace

ReferenceMamba::ReferenceMamba(const std::filesystem::path& directory)
    : config_(read_json(directory / "config.json", Infinities::accept)), weights_(directory) {
  type_ = config_["model_type"].get<std::string>();
  base_ = weights_.contains("backbone.norm_f.weight") ? "backbone." : "model.";
  const char* epsilon = config_.contains("rms_norm_eps") ? "rms_norm_eps" : "layer_norm_epsilon";
  epsilon_ = config_[epsilon].get<double>();
  if (type_ != "nemotron_h") {
    layers_ = config_["num_hidden_layers"].get<int64_t>();
  } else if (config_.contains("layers_block_type")) {
    layers_ = static_cast<int64_t>(config_["layers_block_type"].size());
  } else {
    layers_ = static_cast<int64_t>(config_["hybrid_override_pattern"].get<std::string>().size());
  }
}

std::string ReferenceMamba::layer_type(int64_t i) const {
  if (type_ == "jamba") {
    const bool attends =
        i % option<int64_t>("attn_layer_period", 8) == option<int64_t>("attn_layer_offset", 4);
    return attends ? "attention" : "mamba";
  }
  if (type_ == "bamba") {
    const auto at = option<std::vector<int64_t>>("attn_layer_indices", {});
    return std::find(at.begin(), at.end(), i) != at.end() ? "attention" : "mamba";
  }
  if (!config_.contains("layers_block_type")) {  // Nemotron-H as it was published
    const std::string pattern = config_["hybrid_override_pattern"].get<std::string>();
    const std::map<char, std::string> types{{'M', "mamba"}, {'*', "attention"}, {'-', "mlp"}, {'E', "moe"}};
    return types.at(pattern[static_cast<size_t>(i)]);
  }
  const std::string type = config_["layers_block_type"][static_cast<size_t>(i)].get<std::string>();
  if (type == "linear_attention") return "mamba";
  return type == "full_attention" ? "attention" : type;
}

ReferenceMamba1 ReferenceMamba::mamba1_sizes() const {
  ReferenceMamba1 sizes{option<std::string>("hidden_act", "silu"), std::nullopt};
  if (type_ == "jamba") sizes.norm_epsilon = epsilon_;
  if (type_ == "falcon_mamba") sizes.norm_epsilon = option("mixer_rms_eps", 1e-6);
  return sizes;
}

ReferenceMamba2 ReferenceMamba::mamba2_sizes() const {
  ReferenceMamba2 sizes{option<std::string>("hidden_act", "silu"), 0, 1, 0, epsilon_, 1, 0, INFINITY};
  if (type_ == "mamba2") {
    sizes.heads = config_["num_heads"].get<int64_t>();
    sizes.groups = config_["n_groups"].get<int64_t>();
    sizes.state = config_["state_size"].get<int64_t>();
  } else if (type_ == "bamba") {
    sizes.heads = config_["mamba_n_heads"].get<int64_t>();
    sizes.groups = config_["mamba_n_groups"].get<int64_t>();
    sizes.state = config_["mamba_d_state"].get<int64_t>();
  } else if (type_ == "zamba2") {
    sizes.heads = config_["n_mamba_heads"].get<int64_t>();
    sizes.groups = sizes.norm_groups = config_["mamba_ngroups"].get<int64_t>();
    sizes.state = config_["mamba_d_state"].get<int64_t>();
    sizes.norm_epsilon = 1e-5;  // not the config's
    sizes.activation = "silu";  // hidden_act is the MLP's
  } else {
    sizes.heads = config_["mamba_num_heads"].get<int64_t>();
    sizes.groups = sizes.norm_groups = config_["n_groups"].get<int64_t>();
    sizes.state = config_["ssm_state_size"].get<int64_t>();
    sizes.activation = option<std::string>("mamba_hidden_act", "silu");
  }
  if (type_ == "mamba2" || type_ == "bamba") {
    if (config_.contains("time_step_limit")) {
      sizes.dt_min = number(config_["time_step_limit"][0]);
      sizes.dt_max = number(config_["time_step_limit"][1]);
    }
  } else {
    sizes.dt_min = option("time_step_min", 1e-3);  // these two read time_step_min and know no upper limit
  }
  return sizes;
}

ReferenceAttention ReferenceMamba::attention_sizes() const {
  ReferenceAttention sizes;
  sizes.heads = config_["num_attention_heads"].get<int64_t>();
  sizes.kv_heads = option("num_key_value_heads", sizes.heads);
  const int64_t hidden = config_["hidden_size"].get<int64_t>();
  const int64_t width =
      type_ == "zamba2" ? 2 * hidden / sizes.heads : option("head_dim", hidden / sizes.heads);
  sizes.scale = 1 / std::sqrt(static_cast<double>(width) / (type_ == "zamba2" ? 2 : 1));
  const Json rope = option("rope_parameters", Json::object());
  const std::string rope_type = rope.value("rope_type", "default");
  if (rope_type != "default" && rope_type != "linear") {
    throw std::invalid_argument("the oracle does not know the rotary positions " + rope_type);
  }
  sizes.rotary_scale = rope_type == "linear" ? 1 / rope["factor"].get<double>() : 1;
  sizes.rotary_base = rope.value("rope_theta", option("rope_theta", 10000.0));
  if (type_ == "bamba") {
    sizes.rotary_dims =
        static_cast<int64_t>(static_cast<double>(width) *
                             rope.value("partial_rotary_factor", option("partial_rotary_factor", 0.5)));
  }
  if (type_ == "zamba2" && option("use_mem_rope", false)) sizes.rotary_dims = width;
  return sizes;
}

}  // namespace lrpp::testing
