#pragma once

#include <lrpp/adapters/transformer/blocks.h>
#include <lrpp/adapters/transformer/config.h>
#include <lrpp/framework/registry.h>

namespace lrpp::transformer {

/// A stack of bidirectional layers between embeddings and a classifier of the first token, whatever its
/// checkpoint calls them.
struct EncoderConfig {
  int64_t vocab_size = 0, hidden_size = 0;
  int64_t max_positions = 0;           ///< rows of the learned position embeddings
  int64_t token_types = 0;             ///< rows of the token type embeddings; 0: the model has none
  std::optional<int64_t> padding_idx;  ///< positions count from here over real tokens, as in RoBERTa
  int64_t num_layers = 0;
  LayerConfig layer;
  OpPtr head_activation;  ///< between the two layers of the classifier
  Head head;
};

/// Module names; those of `layer` stand below "<layers>.<i>".
struct EncoderNames {
  std::string base, embeddings, layers;
  LayerNames layer;
  std::string dense, act, classifier;
  std::vector<std::string> unused{};  ///< tensors that some checkpoints hold and a classifier does not use
};

/// Inputs input_ids, attention_mask and, where the model has token types, token_type_ids, [B,T] each; output
/// [B,C]. Throws UserError where `every_position` is asked for: the answer is to the whole input.
Model build_encoder(const EncoderConfig& config, const EncoderNames& names, const ModelDirectory& directory,
                    const LoadOptions& options);

/// From the config.json of model types "bert", "distilbert" and "roberta", and the names of their modules.
EncoderConfig read_bert(const Json& config, const std::string& where);
const EncoderNames& bert_names();
EncoderConfig read_distilbert(const Json& config, const std::string& where);
const EncoderNames& distilbert_names();
EncoderConfig read_roberta(const Json& config, const std::string& where);
const EncoderNames& roberta_names();

}  // namespace lrpp::transformer
