#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/framework/labels.h>
#include <lrpp/plugins/mamba/adapters/stack_config.h>

namespace lrpp::mamba {
namespace {

/// The keys that change what the model computes, with the defaults of transformers' MambaConfig. The others
/// are about initialisation, training and generation.
struct HuggingFaceConfig {
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

bool is_classifier(const HuggingFaceConfig& config) {
  if (config.lm_head_is_classifier) return true;
  for (const std::string& name : config.architectures.value_or(std::vector<std::string>{})) {
    if (name.ends_with("ForSequenceClassification")) return true;
  }
  return false;
}

/// A number, or "auto": a sixteenth of the hidden size, rounded up.
int64_t time_step_rank(const Json& config, int64_t hidden_size, const std::string& where) {
  const int64_t automatic = (hidden_size + 15) / 16;
  const auto rank = config.find("time_step_rank");
  if (rank == config.end() || *rank == "auto") return automatic;
  require(rank->is_number_integer() && *rank > 0 && *rank <= max_size, where,
          "'time_step_rank' must be \"auto\" or a positive integer; got {}", describe_value(*rank));
  return rank->get<int64_t>();
}

void check(const HuggingFaceConfig& config, const std::string& where) {
  const auto positive = [&](std::string_view key, int64_t value) {
    require(value > 0 && value <= max_size, where, "'{}' must be between 1 and 2^24; got {}", key, value);
  };
  positive("vocab_size", config.vocab_size);
  positive("hidden_size", config.hidden_size);
  positive("state_size", config.state_size);
  positive("expand", config.expand);
  positive("conv_kernel", config.conv_kernel);
  require(config.num_hidden_layers >= 0 && config.num_hidden_layers < 100000, where,
          "'num_hidden_layers' must be between 0 and 100000; got {}", config.num_hidden_layers);
  require(config.layer_norm_epsilon >= 0, where, "'layer_norm_epsilon' must be at least 0; got {}",
          config.layer_norm_epsilon);
  require(config.hidden_act == "silu" || config.hidden_act == "swish", where,
          "'hidden_act' must be \"silu\"; got \"{}\", which this adapter does not support",
          config.hidden_act);
  require(config.intermediate_size.value_or(config.expand * config.hidden_size) ==
              config.expand * config.hidden_size,
          where, "'intermediate_size' must be expand x hidden_size = {}; got {}",
          config.expand * config.hidden_size, config.intermediate_size.value_or(0));
}

}  // namespace

StackConfig read_huggingface_config(const Json& json, const std::string& where) {
  const auto config = from_json_value<HuggingFaceConfig>(json, where, UnknownKeys::ignore);
  check(config, where);
  StackConfig stack;
  stack.block = {config.hidden_size,
                 config.expand * config.hidden_size,
                 config.state_size,
                 config.conv_kernel,
                 time_step_rank(json, config.hidden_size, where),
                 config.use_bias,
                 config.use_conv_bias,
                 config.layer_norm_epsilon};
  stack.num_layers = config.num_hidden_layers;
  stack.vocab_size = config.vocab_size;
  stack.residual_in_fp32 = config.residual_in_fp32;
  stack.tied_head = config.tie_word_embeddings;
  stack.num_outputs = config.vocab_size;
  if (is_classifier(config)) {
    stack.num_outputs = num_labels_of(json, where);
    stack.labels = labels_of(json, stack.num_outputs, where);
    stack.tied_head = false;
  }
  return stack;
}

}  // namespace lrpp::mamba
