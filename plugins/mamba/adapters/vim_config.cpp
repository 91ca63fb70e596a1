#include <lrpp/framework/labels.h>
#include <lrpp/plugins/mamba/adapters/config.h>
#include <lrpp/plugins/mamba/adapters/vim.h>

#include <tuple>

namespace lrpp::mamba {
namespace {

using transformer::require_layers;
using transformer::require_option;
using transformer::require_size;

/// The keys that change what the model computes, with the defaults of hustvl's VisionMamba. Those at the end
/// are about training and speed; they are listed so that any other key is an error. Sizes of images and
/// patches, `dt_rank` and what is not supported are read apart.
struct VimKeys {
  int64_t stride = 16;
  int64_t channels = 3;
  int64_t embed_dim = 192;
  int64_t depth = 24;
  int64_t d_state = 16;
  int64_t num_classes = 1000;
  int64_t d_conv = 4;
  int64_t expand = 2;
  bool conv_bias = true;
  bool bias = false;
  bool rms_norm = true;
  std::optional<double> norm_epsilon, rms_norm_eps;
  bool residual_in_fp32 = true;
  bool if_abs_pos_embed = true;
  bool if_divide_out = true;
  bool if_cls_token = true;
  bool use_middle_cls_token = true;
  bool use_double_cls_token = false;
  std::string final_pool_type = "none";
  std::optional<bool> fused_add_norm, use_fast_path;
  std::optional<double> drop_rate, drop_path_rate, dt_min, dt_max, dt_scale, dt_init_floor;
  std::optional<std::string> dt_init;
  std::optional<int64_t> ft_seq_len, pt_hw_seq_len;
};

/// The arguments of the mixers stand in `ssm_cfg` or beside the others.
Json without_ssm_cfg(Json config, const std::string& where) {
  const auto found = config.find("ssm_cfg");
  if (found == config.end()) return config;
  const Json mixer = found->is_null() ? Json::object() : *found;
  require(mixer.is_object(), where, "'ssm_cfg' must be an object; got {}", describe_value(mixer));
  config.erase("ssm_cfg");
  for (const auto& [key, value] : mixer.items()) {
    require(!config.contains(key), where, "'{}' must stand once; got it in 'ssm_cfg' and beside it", key);
    config[key] = value;
  }
  return config;
}

/// Throws UserError for every option that is not supported, and takes the keys out.
void take_unsupported(Json& config, const std::string& where) {
  for (const char* key : {"if_bidirectional", "if_bimamba", "if_rope", "if_rope_residual"}) {
    require_option(config, key, false, where);
    config.erase(key);
  }
  require_option(config, "init_layer_scale", nullptr, where);
  // None is no synonym of the default: it is a mixer of one direction.
  const auto type = config.find("bimamba_type");
  require(type == config.end() || *type == "v2", where,
          "'bimamba_type' must be \"v2\"; got {}, which this adapter does not support",
          type == config.end() ? "" : type->dump());
  const auto ratio = config.find("flip_img_sequences_ratio");
  require(ratio == config.end() || ratio->is_null() || (ratio->is_number() && ratio->get<double>() <= 0),
          where,
          "'flip_img_sequences_ratio' must be at most 0; got {}. A chance to reverse the tokens is not "
          "supported by this adapter",
          ratio == config.end() ? "" : ratio->dump());
  for (const char* key : {"bimamba_type", "init_layer_scale", "flip_img_sequences_ratio"}) config.erase(key);
}

double read_norm_eps(const VimKeys& keys, const std::string& where) {
  require(!keys.norm_epsilon || !keys.rms_norm_eps || *keys.norm_epsilon == *keys.rms_norm_eps, where,
          "'norm_epsilon' and 'rms_norm_eps' mean the same and must be equal; got {} and {}",
          keys.norm_epsilon.value_or(0), keys.rms_norm_eps.value_or(0));
  const double eps = keys.norm_epsilon.value_or(keys.rms_norm_eps.value_or(1e-5));
  transformer::require_eps(where, keys.norm_epsilon ? "norm_epsilon" : "rms_norm_eps", eps);
  return eps;
}

/// Which class tokens there are, and which tokens answer.
void place_class_tokens(const VimKeys& keys, VimConfig& vim, const std::string& where) {
  const int64_t patches = vim.frame.num_patches();
  auto& tokens = vim.names.tokens;
  require(keys.final_pool_type == "none" || keys.final_pool_type == "mean", where,
          "'final_pool_type' must be \"none\" or \"mean\"; got \"{}\", which this adapter does not support",
          keys.final_pool_type);
  if (keys.if_cls_token && keys.use_double_cls_token) {
    tokens = {.before = {"cls_token_head"}, .after = {"cls_token_tail"}};
    vim.frame.answer = {0, patches + 1};
  } else if (keys.if_cls_token && keys.use_middle_cls_token) {
    tokens = {.middle = {"cls_token"}};
    vim.frame.answer = {patches / 2};
  } else if (keys.if_cls_token) {
    tokens = {.before = {"cls_token"}};
    vim.frame.answer = {0};
  } else if (keys.final_pool_type == "mean") {
    vim.frame.answer = {};
  } else {
    vim.frame.answer = {patches - 1};
  }
}

}  // namespace

VimConfig read_vim(const Json& config, const std::string& where) {
  const Json merged = without_ssm_cfg(config, where);
  Json own = merged;
  take_unsupported(own, where);
  VimConfig vim;
  std::tie(vim.frame.image_height, vim.frame.image_width) =
      transformer::read_extent(own, "img_size", 224, where);
  std::tie(vim.frame.patch_height, vim.frame.patch_width) =
      transformer::read_extent(own, "patch_size", 16, where);
  for (const char* key : {"img_size", "patch_size", "dt_rank", "model_type", "id2label", "label2id",
                          "initializer_cfg", "architectures", "dtype", "torch_dtype", "transformers_version"})
    own.erase(key);
  const auto keys = from_json_value<VimKeys>(own, where);
  require_size(where, "stride", keys.stride);
  require_size(where, "channels", keys.channels);
  require_size(where, "embed_dim", keys.embed_dim);
  require_size(where, "d_state", keys.d_state);
  require_size(where, "d_conv", keys.d_conv);
  require_size(where, "expand", keys.expand);
  require_size(where, "num_classes", keys.num_classes);
  require_layers(where, "depth", keys.depth);

  vim.frame.hidden_size = keys.embed_dim;
  vim.frame.channels = keys.channels;
  vim.frame.stride = keys.stride;
  require_patches(vim.frame, where);
  vim.frame.norm = {keys.rms_norm, read_norm_eps(keys, where)};
  vim.frame.head = {true, keys.num_classes, labels_of(config, keys.num_classes, where)};
  vim.names = {.base = "vim",
               .projection = "patch_embed.proj",
               .tokens = {},
               .positions = keys.if_abs_pos_embed ? "pos_embed" : "",
               .norm = "norm_f",
               .classifier = "head"};
  place_class_tokens(keys, vim, where);
  vim.mixer.hidden_size = keys.embed_dim;
  vim.mixer.intermediate_size = keys.expand * keys.embed_dim;
  vim.mixer.state_size = keys.d_state;
  vim.mixer.conv_kernel = keys.d_conv;
  vim.mixer.time_step_rank = read_time_step_rank(merged, "dt_rank", keys.embed_dim, where);
  vim.mixer.use_bias = keys.bias;
  vim.mixer.use_conv_bias = keys.conv_bias;
  vim.num_layers = keys.depth;
  vim.halve_sum = keys.if_divide_out;
  vim.residual_in_fp32 = keys.residual_in_fp32;
  return vim;
}

}  // namespace lrpp::mamba
