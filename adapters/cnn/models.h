#pragma once

#include <lrpp/adapters/cnn/config.h>
#include <lrpp/framework/registry.h>

namespace lrpp::cnn {

/// Each family's graph from its config and checkpoint. Pixels of any size are taken, [B, C, H, W].
Model build_torchvision_resnet(const ResNetConfig& config, const ModelDirectory& directory,
                               const LoadOptions& options);
Model build_timm_resnet(const ResNetConfig& config, const ModelDirectory& directory,
                        const LoadOptions& options);
Model build_torchvision_vgg(const TorchvisionVggConfig& config, const ModelDirectory& directory,
                            const LoadOptions& options);
Model build_timm_vgg(const TimmVggConfig& config, const ModelDirectory& directory,
                     const LoadOptions& options);
Model build_huggingface_resnet(const HuggingFaceResNetConfig& config, const ModelDirectory& directory,
                               const LoadOptions& options);
Model build_convnext(const ConvNextConfig& config, const ModelDirectory& directory,
                     const LoadOptions& options);

}  // namespace lrpp::cnn
