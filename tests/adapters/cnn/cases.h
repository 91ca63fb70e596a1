#pragma once

#include <lrpp/tests/support/models.h>

#include <string>
#include <vector>

namespace lrpp::testing {

/// One fixture for each graph: the logits are those of torchvision and of transformers.
inline std::vector<std::string> cnn_models() {
  return {"zennit/vgg-epsilon-plus",
          "zennit/vgg-bn-epsilon-plus",
          "zennit/resnet-epsilon-plus",
          "hf-forward/resnet",
          "hf-forward/convnext",
          "cnn/torchvision-bottleneck-groups",
          "cnn/huggingface-bottleneck",
          "cnn/huggingface-bottleneck-downsampled",
          "cnn/huggingface-basic-gelu",
          "cnn/convnext-plain",
          "zennit/resnet-standard-width-epsilon-plus-flat"};
}

inline Tensor run_pixels(const Model& model, const Tensor& pixels) {
  return run_forward(model, prepare_image(model, {pixels, {}}));
}

}  // namespace lrpp::testing
