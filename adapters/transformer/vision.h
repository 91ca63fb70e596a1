#pragma once

#include <lrpp/adapters/transformer/blocks.h>
#include <lrpp/adapters/transformer/image_classifier.h>

namespace lrpp::transformer {

/// A stack of bidirectional layers over the patches of an image, whatever its checkpoint calls them.
struct VisionConfig {
  ImageClassifierConfig frame;  ///< its norm is that of the layers too
  int64_t num_layers = 0;
  LayerConfig layer;
};

/// Module names; those of `layer` stand below "<layers><i>".
struct VisionNames {
  ImageClassifierNames frame;
  std::string layers;
  LayerNames layer;
};

/// As `build_image_classifier`.
Model build_vision(const VisionConfig& config, const VisionNames& names, const ModelDirectory& directory,
                   const LoadOptions& options);

/// From the config.json of model types "vit" and "deit", and the names of their modules.
VisionConfig read_vit(const Json& config, const std::string& where);
const VisionNames& vit_names();
const VisionNames& deit_names();

/// Of torchvision's VisionTransformer, whose config.json has "architecture": "vision_transformer" and
/// "source": "torchvision" and no model_type. Unknown keys throw.
bool is_torchvision_vit(const Json& config);
VisionConfig read_torchvision_vit(const Json& config, const std::string& where);
const VisionNames& torchvision_vit_names();

}  // namespace lrpp::transformer
