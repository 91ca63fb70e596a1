#pragma once

#include <lrpp/adapters/transformer/blocks.h>
#include <lrpp/adapters/transformer/config.h>
#include <lrpp/framework/registry.h>

namespace lrpp::transformer {

/// Patches of an image as tokens, a stack of bidirectional layers, and a classifier of the first token
/// (Dosovitskiy et al., arXiv:2010.11929), whatever its checkpoint calls them.
struct VisionConfig {
  int64_t hidden_size = 0, channels = 3;
  int64_t image_height = 0, image_width = 0, patch_height = 0, patch_width = 0;
  int64_t num_layers = 0;
  LayerConfig layer;
  Head head;
};

/// Names of modules and parameters; those of `layer` stand below "<layers><i>".
struct VisionNames {
  std::string base, projection;
  std::vector<std::string> tokens;  ///< learned tokens before the patches: class token, distillation token
  std::string positions, layers, norm, classifier;
  LayerNames layer;
  std::vector<std::string> unused{};  ///< tensors that some checkpoints hold and a classifier does not use
};

/// Input pixel_values [B,C,H,W], output [B,C]. Throws UserError where `every_position` is asked for.
Model build_vision(const VisionConfig& config, const VisionNames& names, const ModelDirectory& directory,
                   const LoadOptions& options);

/// Throws UserError where the image is smaller than a patch.
void require_patches(const VisionConfig& config, const std::string& where);

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
