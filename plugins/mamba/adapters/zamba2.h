#pragma once

#include <lrpp/adapters/transformer/blocks.h>
#include <lrpp/adapters/transformer/language_model.h>
#include <lrpp/plugins/mamba/adapters/mamba2_block.h>

#include <vector>

// Of a layer L with a block, what is no module is named
//   L.shared_transformer.concat       the residual stream beside the embeddings
//   L.mamba_decoder.block_add         what the mixer's norm reads: the stream and the block's output
//   L.mamba_decoder.mamba.add         the residual sum, to which the block itself is not added
// and a layer without one has L.mamba.add.

namespace lrpp::mamba {

/// Zamba2 (Glorioso et al., arXiv:2411.15242): layers of Mamba-2, some of which also read what a Transformer
/// block makes of the residual stream beside the embeddings. There are few such blocks, and they take turns:
/// their weights serve several layers, each with adapters of its own.
struct Zamba2Config {
  transformer::LanguageModelConfig frame;  ///< its norm is that of all layers
  Mamba2Config mixer;
  transformer::AttentionConfig attention;  ///< reads 2D channels
  transformer::MlpConfig mlp;
  std::vector<bool> hybrid;  ///< per layer: whether a block stands before its mixer
  int64_t blocks = 1;
};

/// From the config.json of a Hugging Face checkpoint of model type "zamba2": a language model or a
/// classifier. Throws UserError for values that cannot be, or that this adapter does not support, and for the
/// config of a sibling family.
Zamba2Config read_zamba2(const Json& config, const std::string& where);

/// The model as one graph; see `transformer::build_language_model`. The weights of a block may be stored
/// below any one of its layers, or below several: then they must be equal.
Model build_zamba2(const Zamba2Config& config, const ModelDirectory& directory, const LoadOptions& options);

}  // namespace lrpp::mamba
