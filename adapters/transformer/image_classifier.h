#pragma once

#include <lrpp/adapters/transformer/builder.h>
#include <lrpp/adapters/transformer/config.h>
#include <lrpp/framework/registry.h>

#include <functional>

namespace lrpp::transformer {

/// What stands around the layers of a classifier that sees: the image cut into patches, learned tokens and
/// positions below them; the token that answers, the last norm and the head above (Dosovitskiy et al.,
/// arXiv:2010.11929).
struct ImageClassifierConfig {
  int64_t hidden_size = 0, channels = 3;
  int64_t image_height = 0, image_width = 0, patch_height = 0, patch_width = 0;
  std::optional<int64_t> stride;  ///< from patch to patch; none: they lie side by side
  /// The tokens whose mean, after the norm, goes into the head; none: all of them.
  std::vector<int64_t> answer{0};
  NormConfig norm;
  Head head;

  int64_t num_patches() const;
};

/// Learned tokens by their place among the patches; `middle` stand after half of them, rounded down.
struct LearnedTokens {
  std::vector<std::string> before{}, middle{}, after{};
};

/// Names of modules and parameters.
struct ImageClassifierNames {
  std::string base, projection;
  LearnedTokens tokens;
  std::string positions;  ///< position embeddings [1,T,D]; empty: none
  std::string norm, classifier;
  std::vector<std::string> unused{};  ///< tensors that some checkpoints hold and a classifier does not use
};

/// Adds the layers: tokens [B,T,D] -> [B,T,D].
using AddTokenLayers = std::function<Value(Builder& builder, Value tokens)>;

/// Input pixel_values [B,C,H,W], output [B,C]; `Graph::tokens` are those that `add_layers` gets. A token that
/// answers alone is taken before the norm. Throws UserError where `every_position` is asked for.
Model build_image_classifier(const ImageClassifierConfig& config, const ImageClassifierNames& names,
                             const ModelDirectory& directory, const LoadOptions& options,
                             const AddTokenLayers& add_layers);

/// Throws UserError where the image is smaller than a patch.
void require_patches(const ImageClassifierConfig& config, const std::string& where);

/// A side of images or patches: a number, or [height, width]. Throws UserError unless they lie between 1 and
/// 65536.
std::pair<int64_t, int64_t> read_extent(const Json& config, const char* key, int64_t otherwise,
                                        const std::string& where);

}  // namespace lrpp::transformer
