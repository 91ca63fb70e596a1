#pragma once

#include <lrpp/framework/io/json.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lrpp::mamba {

/// No size in a config may be larger: their products stay far from overflow.
inline constexpr int64_t max_size = int64_t{1} << 24;

/// Sizes and options of a Mamba block, whatever its checkpoint calls them.
struct BlockConfig {
  int64_t hidden_size = 0;        ///< D
  int64_t intermediate_size = 0;  ///< E
  int64_t state_size = 16;        ///< N
  int64_t conv_kernel = 4;        ///< K
  int64_t time_step_rank = 0;     ///< R
  bool use_bias = false;          ///< in_proj and out_proj
  bool use_conv_bias = true;
  double norm_eps = 1e-5;
};

/// A stack of Mamba blocks between an embedding and a head, whatever its checkpoint calls them.
struct StackConfig {
  BlockConfig block;
  int64_t num_layers = 0;
  int64_t vocab_size = 0;
  int64_t num_outputs = 0;  ///< rows of the head
  bool tied_head = true;    ///< the head is the embedding table
  bool residual_in_fp32 = true;
  std::string embedding = "backbone.embeddings";
  std::vector<std::string>
      labels;  ///< of a classifier, whose head may have a bias; empty for a language model
};

/// From the config.json of a Hugging Face checkpoint of model type "mamba": a language model (tied or untied
/// head), or a classifier, which has a head of num_labels rows and says so by `lm_head_is_classifier` or an
/// architecture
/// "...ForSequenceClassification". Throws UserError for values that cannot be, or that this adapter does not
/// support.
StackConfig read_huggingface_config(const Json& config, const std::string& where);

/// Whether a config.json without `model_type` is one of the original `state-spaces` checkpoints.
bool is_state_spaces_config(const Json& config);

/// From such a config.json: keys d_model, n_layer, ssm_cfg; tensor `backbone.embedding.weight`. Unknown keys
/// throw.
StackConfig read_state_spaces_config(Json config, const std::string& where);

}  // namespace lrpp::mamba
