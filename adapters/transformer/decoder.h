#pragma once

#include <lrpp/adapters/transformer/blocks.h>
#include <lrpp/adapters/transformer/config.h>
#include <lrpp/framework/registry.h>

namespace lrpp::transformer {

/// A stack of causal layers between an embedding and a head, whatever its checkpoint calls them.
struct DecoderConfig {
  int64_t vocab_size = 0, hidden_size = 0;
  int64_t max_positions = 0;  ///< rows of the learned position embeddings; 0: none, positions are rotary
  double embedding_scale = 1;
  std::vector<LayerConfig> layers;
  NormConfig norm;         ///< the last one
  bool tied_head = false;  ///< a language model's head is the embedding table
  std::optional<double> logit_cap;
  Head head;
};

/// Module names; those of `layer` stand below "<layers>.<i>".
struct DecoderNames {
  std::string base, embedding, positions, layers, norm;
  LayerNames layer;
  std::string head = "lm_head", classifier = "score";
  std::vector<std::string> unused{};  ///< per layer: tensors of older checkpoints that hold constants
};

/// Inputs input_ids [B,T] and position [B], output [B,C] at that position. The token is taken before the last
/// norm, so that norm and head see one token of each example. With `every_position` there is no input
/// `position`, and the output is [B,T,C]. Padding must follow the real tokens, which never see it.
Model build_decoder(const DecoderConfig& config, const DecoderNames& names, const ModelDirectory& directory,
                    const LoadOptions& options);

}  // namespace lrpp::transformer
