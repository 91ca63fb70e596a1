#pragma once

#include <lrpp/adapters/transformer/blocks.h>
#include <lrpp/adapters/transformer/language_model.h>

namespace lrpp::transformer {

/// A stack of causal layers between an embedding and a head, whatever its checkpoint calls them.
struct DecoderConfig {
  LanguageModelConfig frame;
  int64_t max_positions = 0;  ///< rows of the learned position embeddings; 0: none, positions are rotary
  std::vector<LayerConfig> layers;
};

/// Module names; those of `layer` stand below "<layers>.<i>".
struct DecoderNames {
  LanguageModelNames frame;
  std::string positions, layers;
  LayerNames layer;
  std::vector<std::string> unused{};  ///< per layer: tensors of older checkpoints that hold constants
};

/// As `build_language_model`.
Model build_decoder(const DecoderConfig& config, const DecoderNames& names, const ModelDirectory& directory,
                    const LoadOptions& options);

}  // namespace lrpp::transformer
