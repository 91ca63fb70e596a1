#include <lrpp/framework/labels.h>
#include <lrpp/plugins/mamba/adapters/config.h>
#include <lrpp/plugins/mamba/adapters/stack_config.h>

namespace lrpp::mamba {
namespace {

using transformer::require_layers;
using transformer::require_size;

/// The keys that change what the model computes, of all stacks, with the defaults of transformers'
/// MambaConfig. The others are about initialisation, training and generation.
struct StackKeys {
  int64_t vocab_size = 50280;
  int64_t hidden_size = 768;
  int64_t state_size = 16;
  int64_t num_hidden_layers = 32;
  double layer_norm_epsilon = 1e-5;
  int64_t expand = 2;
  std::optional<int64_t> intermediate_size;
  int64_t conv_kernel = 4;
  bool use_bias = false;
  bool use_conv_bias = true;
  std::string hidden_act = "silu";
  bool residual_in_fp32 = true;
  bool tie_word_embeddings = true;
  bool lm_head_is_classifier = false;
  std::optional<std::vector<std::string>> architectures;
};

struct FalconKeys {
  double mixer_rms_eps = 1e-6;
};

struct Mamba2Keys {
  int64_t num_heads = 128;
  int64_t head_dim = 64;
  int64_t n_groups = 8;
};

bool is_classifier(const StackKeys& keys) {
  if (keys.lm_head_is_classifier) return true;
  for (const std::string& name : keys.architectures.value_or(std::vector<std::string>{})) {
    if (name.ends_with("ForSequenceClassification")) return true;
  }
  return false;
}

/// `keys` as they stand in the config, checked; absent ones keep their value.
StackKeys read_keys(const Json& config, const std::string& family, StackKeys keys, const std::string& where) {
  keys = from_json_value<StackKeys>(config, where, UnknownKeys::ignore, keys);
  require_family(config, family, where);
  require_size(where, "vocab_size", keys.vocab_size);
  require_size(where, "hidden_size", keys.hidden_size);
  require_size(where, "state_size", keys.state_size);
  require_size(where, "expand", keys.expand);
  require_size(where, "conv_kernel", keys.conv_kernel);
  require_layers(where, "num_hidden_layers", keys.num_hidden_layers);
  transformer::require_eps(where, "layer_norm_epsilon", keys.layer_norm_epsilon);
  require_silu(config, "hidden_act", where);
  const int64_t expanded = keys.expand * keys.hidden_size;
  require(keys.intermediate_size.value_or(expanded) == expanded, where,
          "'intermediate_size' must be expand x hidden_size = {}; got {}", expanded,
          keys.intermediate_size.value_or(0));
  return keys;
}

StackConfig make_stack(const StackKeys& keys, const Json& config, const std::string& where) {
  StackConfig stack;
  stack.num_layers = keys.num_hidden_layers;
  stack.residual_in_fp32 = keys.residual_in_fp32;
  stack.frame.vocab_size = keys.vocab_size;
  stack.frame.hidden_size = keys.hidden_size;
  stack.frame.norm = {/*rms=*/true, keys.layer_norm_epsilon};
  stack.frame.tied_head = keys.tie_word_embeddings;
  stack.frame.head.outputs = keys.vocab_size;
  if (is_classifier(keys)) {
    const int64_t outputs = num_labels_of(config, where);
    stack.frame.head = {/*classifier=*/true, outputs, labels_of(config, outputs, where)};
  }
  return stack;
}

BlockConfig make_block(const StackKeys& keys, const Json& config, const std::string& where) {
  BlockConfig block;
  block.hidden_size = keys.hidden_size;
  block.intermediate_size = keys.expand * keys.hidden_size;
  block.state_size = keys.state_size;
  block.conv_kernel = keys.conv_kernel;
  block.time_step_rank = read_time_step_rank(config, "time_step_rank", keys.hidden_size, where);
  block.use_bias = keys.use_bias;
  block.use_conv_bias = keys.use_conv_bias;
  return block;
}

}  // namespace

StackConfig read_mamba(const Json& config, const std::string& where) {
  const StackKeys keys = read_keys(config, "Mamba", {}, where);
  // The tensors of both families have the same names and shapes: only the config tells them apart.
  require(!config.contains("mixer_rms_eps"), where,
          "'mixer_rms_eps' belongs to model type 'falcon_mamba', whose norms of dt, B and C 'mamba' does not "
          "have; set 'model_type' to what the checkpoint is");
  StackConfig stack = make_stack(keys, config, where);
  stack.mixer = make_block(keys, config, where);
  return stack;
}

StackConfig read_falcon_mamba(const Json& config, const std::string& where) {
  const StackKeys keys = read_keys(config, "FalconMamba", {}, where);
  const auto own = from_json_value<FalconKeys>(config, where, UnknownKeys::ignore);
  transformer::require_eps(where, "mixer_rms_eps", own.mixer_rms_eps);
  BlockConfig block = make_block(keys, config, where);
  block.parameter_norm_eps = own.mixer_rms_eps;
  StackConfig stack = make_stack(keys, config, where);
  stack.mixer = block;
  return stack;
}

StackConfig read_mamba2(const Json& config, const std::string& where) {
  StackKeys defaults;
  defaults.vocab_size = 32768;
  defaults.hidden_size = 4096;
  defaults.state_size = 128;
  defaults.num_hidden_layers = 64;
  defaults.tie_word_embeddings = false;
  const StackKeys keys = read_keys(config, "Mamba2", defaults, where);
  const auto own = from_json_value<Mamba2Keys>(config, where, UnknownKeys::ignore);
  Mamba2Config mixer;
  mixer.hidden_size = keys.hidden_size;
  mixer.heads = own.num_heads;
  mixer.head_dim = own.head_dim;
  mixer.state_size = keys.state_size;
  mixer.groups = own.n_groups;
  mixer.conv_kernel = keys.conv_kernel;
  mixer.use_bias = keys.use_bias;
  mixer.use_conv_bias = keys.use_conv_bias;
  mixer.norm_eps = keys.layer_norm_epsilon;
  std::tie(mixer.dt_min, mixer.dt_max) = read_time_step_limit(config, "time_step_limit", where);
  require_mamba2(mixer, {"num_heads", "head_dim", "n_groups"}, keys.expand * keys.hidden_size, where);
  StackConfig stack = make_stack(keys, config, where);
  stack.mixer = mixer;
  return stack;
}

}  // namespace lrpp::mamba
