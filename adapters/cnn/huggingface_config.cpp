#include <lrpp/adapters/cnn/config.h>
#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/framework/labels.h>

namespace lrpp::cnn {
namespace {

/// The keys that change what the model computes, with the defaults of transformers' ResNetConfig.
struct ResNetKeys {
  int64_t num_channels = 3;
  int64_t embedding_size = 64;
  std::vector<int64_t> hidden_sizes{256, 512, 1024, 2048};
  std::vector<int64_t> depths{3, 4, 6, 3};
  std::string layer_type = "bottleneck";
  std::string hidden_act = "relu";
  bool downsample_in_first_stage = false;
  bool downsample_in_bottleneck = false;
};

/// The same of transformers' ConvNextConfig.
struct ConvNextKeys {
  int64_t num_channels = 3;
  int64_t patch_size = 4;
  int64_t num_stages = 4;
  std::optional<std::vector<int64_t>> hidden_sizes, depths;
  std::string hidden_act = "gelu";
  double layer_norm_eps = 1e-12;
  double layer_scale_init_value = 1e-6;
};

}  // namespace

HuggingFaceResNetConfig read_huggingface_resnet(const Json& json, const std::string& where) {
  const auto keys = from_json_value<ResNetKeys>(json, where, UnknownKeys::ignore);
  require_size(where, "num_channels", keys.num_channels);
  require_size(where, "embedding_size", keys.embedding_size);
  require_sizes(where, "hidden_sizes", keys.hidden_sizes);
  require_sizes(where, "depths", keys.depths, keys.hidden_sizes.size());
  require(keys.layer_type == "basic" || keys.layer_type == "bottleneck", where,
          "'layer_type' must be \"basic\" or \"bottleneck\"; got \"{}\"", keys.layer_type);
  HuggingFaceResNetConfig config;
  config.num_channels = keys.num_channels;
  config.embedding_size = keys.embedding_size;
  config.hidden_sizes = keys.hidden_sizes;
  config.depths = keys.depths;
  config.bottleneck = keys.layer_type == "bottleneck";
  config.hidden_act = keys.hidden_act;
  config.downsample_in_first_stage = keys.downsample_in_first_stage;
  config.downsample_in_bottleneck = keys.downsample_in_bottleneck;
  for (const int64_t size : config.hidden_sizes) {
    require(
        !config.bottleneck || size >= 4, where,
        "'hidden_sizes' must be at least 4 where layers are bottlenecks, which reduce to a quarter; got {}",
        size);
  }
  config.labels = labels_of(json, num_labels_of(json, where), where);
  return config;
}

ConvNextConfig read_convnext(const Json& json, const std::string& where) {
  const auto keys = from_json_value<ConvNextKeys>(json, where, UnknownKeys::ignore);
  ConvNextConfig config;
  config.num_channels = keys.num_channels;
  config.patch_size = keys.patch_size;
  config.hidden_sizes = keys.hidden_sizes.value_or(std::vector<int64_t>{96, 192, 384, 768});
  config.depths = keys.depths.value_or(std::vector<int64_t>{3, 3, 9, 3});
  config.hidden_act = keys.hidden_act;
  config.layer_norm_eps = keys.layer_norm_eps;
  config.layer_scale = keys.layer_scale_init_value > 0;
  require_size(where, "num_channels", config.num_channels);
  require_size(where, "patch_size", config.patch_size);
  require_size(where, "num_stages", keys.num_stages);
  require_sizes(where, "hidden_sizes", config.hidden_sizes, static_cast<size_t>(keys.num_stages));
  require_sizes(where, "depths", config.depths, static_cast<size_t>(keys.num_stages));
  require(config.layer_norm_eps >= 0, where, "'layer_norm_eps' must be at least 0; got {}",
          config.layer_norm_eps);
  config.labels = labels_of(json, num_labels_of(json, where), where);
  return config;
}

}  // namespace lrpp::cnn
