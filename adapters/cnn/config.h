#pragma once

#include <lrpp/framework/io/json.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What config.json says of a CNN, read and checked. `where` heads the messages; every reader throws UserError
// for values that cannot be and for options that its adapter does not support.

namespace lrpp::cnn {

/// No size in a config may be larger: their products stay far from overflow.
inline constexpr int64_t max_size = int64_t{1} << 24;

/// Throws UserError unless 0 < value <= max_size; for a list, unless it has `count` such values (0: one or
/// more).
void require_size(const std::string& where, std::string_view key, int64_t value);
void require_sizes(const std::string& where, std::string_view key, const std::vector<int64_t>& values,
                   size_t count = 0);
/// Throws UserError unless 0 < value <= max_labels.
void require_classes(const std::string& where, std::string_view key, int64_t value);

/// A ResNet as torchvision and timm build it (He et al., arXiv:1512.03385).
struct ResNetConfig {
  int64_t in_channels = 3;
  bool bottleneck = false;
  std::vector<int64_t> layers;  ///< blocks of each stage
  int64_t stem_planes = 64;
  std::vector<int64_t> planes{64, 128, 256, 512};  ///< of each stage; a bottleneck answers four times as many
  int64_t groups = 1;                              ///< of a bottleneck's 3x3 convolution
  int64_t width_per_group = 64;                    ///< of which, for 64 planes
  double batch_norm_eps = 1e-5;
  std::vector<std::string> labels;
};

/// The convolutions of a VGG (Simonyan and Zisserman, arXiv:1409.1556).
struct VggFeatures {
  int64_t in_channels = 3;
  std::vector<int64_t> layers;  ///< output channels of each 3x3 convolution; 0 stands for a max pooling
  bool batch_norm = false;
  double batch_norm_eps = 1e-5;
};

struct TorchvisionVggConfig {
  VggFeatures features;
  std::vector<int64_t> avgpool_output;  ///< height, width
  std::vector<int64_t> classifier;      ///< what its linear layers take, and at the end what the last answers
  std::vector<std::string> labels;
};

struct TimmVggConfig {
  VggFeatures features;
  int64_t middle = 4096;  ///< channels between the head's two convolutions
  int64_t hidden = 4096;  ///< channels after them
  std::vector<std::string> labels;
};

/// Hugging Face's ResNet.
struct HuggingFaceResNetConfig {
  int64_t num_channels = 3;
  int64_t embedding_size = 64;
  std::vector<int64_t> hidden_sizes, depths;
  bool bottleneck = true;
  std::string hidden_act;
  bool downsample_in_first_stage = false;
  bool downsample_in_bottleneck = false;  ///< the stride is on the first convolution, not on the 3x3
  std::vector<std::string> labels;
};

/// Hugging Face's ConvNeXt (Liu et al., arXiv:2201.03545).
struct ConvNextConfig {
  int64_t num_channels = 3;
  int64_t patch_size = 4;
  std::vector<int64_t> hidden_sizes, depths;
  std::string hidden_act;
  double layer_norm_eps = 1e-12;  ///< of the last norm; the others have 1e-6
  bool layer_scale = true;
  std::vector<std::string> labels;
};

/// Whether a config.json without `model_type` describes torchvision's `architecture` ("resnet", "vgg"): it
/// has the keys "source": "torchvision" and "architecture".
bool is_torchvision(const Json& config, std::string_view architecture);
ResNetConfig read_torchvision_resnet(Json config, const std::string& where);
TorchvisionVggConfig read_torchvision_vgg(Json config, const std::string& where);

/// Whether a config.json without `model_type` is timm's: it has "architecture", and "pretrained_cfg" or
/// "num_features".
bool is_timm(const Json& config);
/// timm's architecture without its tag: "resnet50" of "resnet50.a1_in1k"; empty where there is none.
std::string timm_architecture(const Json& config);
ResNetConfig read_timm_resnet(const Json& config, const std::string& where);
TimmVggConfig read_timm_vgg(const Json& config, const std::string& where);

HuggingFaceResNetConfig read_huggingface_resnet(const Json& config, const std::string& where);
ConvNextConfig read_convnext(const Json& config, const std::string& where);

}  // namespace lrpp::cnn
