#pragma once

#include <lrpp/adapters/transformer/config.h>
#include <lrpp/plugins/mamba/adapters/mixer_config.h>

#include <string>
#include <variant>

namespace lrpp::mamba {

/// A stack of alike blocks, residual + mixer(norm(residual)), whatever its checkpoint calls them. Modules are
/// named "backbone.layers.<i>.norm" and "backbone.layers.<i>.mixer".
struct StackConfig {
  transformer::LanguageModelConfig frame;  ///< its norm is that of the blocks too
  std::variant<BlockConfig, Mamba2Config> mixer;
  int64_t num_layers = 0;
  bool residual_in_fp32 = true;
  std::string embedding = "backbone.embeddings";
};

/// From the config.json of Hugging Face checkpoints of these model types: a language model (tied or untied
/// head), or a classifier, which has a head of num_labels rows and says so by `lm_head_is_classifier` or an
/// architecture "...ForSequenceClassification". Each throws UserError for values that cannot be, or that this
/// adapter does not support, and for the config of a sibling family.
StackConfig read_mamba(const Json& config, const std::string& where);
StackConfig read_falcon_mamba(const Json& config, const std::string& where);
StackConfig read_mamba2(const Json& config, const std::string& where);

/// Whether a config.json without `model_type` is one of the original `state-spaces` checkpoints.
bool is_state_spaces_config(const Json& config);

/// From such a config.json, of Mamba or Mamba-2: keys d_model, n_layer, ssm_cfg; tensor
/// `backbone.embedding.weight`. Unknown keys throw.
StackConfig read_state_spaces_config(const Json& config, const std::string& where);

}  // namespace lrpp::mamba
