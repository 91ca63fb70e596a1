#include <lrpp/adapters/cnn/config.h>
#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/framework/labels.h>

namespace lrpp::cnn {
namespace {

/// The keys of both families. A key that is none of these is an error, since nothing else writes such files.
struct ResNetKeys {
  std::string source, architecture;
  int64_t in_channels = 3;
  std::string block = "BasicBlock";
  std::vector<int64_t> layers;
  int64_t stem_planes = 64;
  std::vector<int64_t> planes{64, 128, 256, 512};
  int64_t groups = 1;
  int64_t width_per_group = 64;
  double batch_norm_eps = 1e-5;
  int64_t num_classes = 1000;
  std::optional<std::vector<int64_t>> image_size;  ///< what it was trained at; any size is explained
};

struct VggKeys {
  std::string source, architecture;
  int64_t in_channels = 3;
  bool batch_norm = false;
  double batch_norm_eps = 1e-5;
  std::vector<int64_t> avgpool_output{7, 7};
  std::vector<int64_t> classifier;
  int64_t num_classes = 1000;
  std::optional<std::vector<int64_t>> image_size;  ///< what it was trained at; any size is explained
};

/// The config's keys with `others`, which have readers of their own, taken out.
template <class Keys>
Keys read_keys(Json config, const std::vector<std::string>& others, const std::string& where) {
  for (const std::string& key : others) config.erase(key);
  const Keys keys = from_json_value<Keys>(config, where);
  require(keys.source == "torchvision", where, "'source' must be \"torchvision\"; got \"{}\"", keys.source);
  require_size(where, "in_channels", keys.in_channels);
  require_classes(where, "num_classes", keys.num_classes);
  require(keys.batch_norm_eps >= 0, where, "'batch_norm_eps' must be at least 0; got {}",
          keys.batch_norm_eps);
  return keys;
}

/// [64, "M", 128, ...]: channels, and "M" for a max pooling, which becomes 0.
std::vector<int64_t> read_features(const Json& config, const std::string& where) {
  const auto features = config.find("features");
  require(features != config.end() && features->is_array(), where,
          "'features' must be an array of channels and \"M\" for max pooling; got {}",
          features == config.end() ? "none" : describe_value(*features));
  std::vector<int64_t> layers;
  for (const Json& entry : *features) {
    if (entry == "M") {
      layers.push_back(0);
      continue;
    }
    require(entry.is_number_integer() && entry > 0 && entry <= max_size, where,
            "'features' must hold channels from 1 to 2^24 and \"M\" for max pooling; got {}",
            describe_value(entry));
    layers.push_back(entry.get<int64_t>());
  }
  require(!layers.empty() && layers[0] != 0, where, "'features' must begin with a convolution's channels");
  return layers;
}

}  // namespace

bool is_torchvision(const Json& config, std::string_view architecture) {
  const auto source = config.find("source"), name = config.find("architecture");
  return source != config.end() && *source == "torchvision" && name != config.end() && name->is_string() &&
         name->get<std::string>() == architecture;
}

ResNetConfig read_torchvision_resnet(Json json, const std::string& where) {
  const auto keys = read_keys<ResNetKeys>(json, {"id2label", "model_type"}, where);
  require(keys.architecture == "resnet", where, "'architecture' must be \"resnet\"; got \"{}\"",
          keys.architecture);
  require(keys.block == "BasicBlock" || keys.block == "Bottleneck", where,
          "'block' must be \"BasicBlock\" or \"Bottleneck\"; got \"{}\"", keys.block);
  ResNetConfig config;
  config.in_channels = keys.in_channels;
  config.bottleneck = keys.block == "Bottleneck";
  config.layers = keys.layers;
  config.stem_planes = keys.stem_planes;
  config.planes = keys.planes;
  config.groups = keys.groups;
  config.width_per_group = keys.width_per_group;
  config.batch_norm_eps = keys.batch_norm_eps;
  require_sizes(where, "layers", config.layers);
  require_size(where, "stem_planes", config.stem_planes);
  require_sizes(where, "planes", config.planes, config.layers.size());
  require_size(where, "groups", config.groups);
  require_size(where, "width_per_group", config.width_per_group);
  require(config.bottleneck || (config.groups == 1 && config.width_per_group == 64), where,
          "'groups' must be 1 and 'width_per_group' 64 in a \"BasicBlock\", which has neither; got {} and {}",
          config.groups, config.width_per_group);
  for (const int64_t planes : config.planes) {
    // Of the 3x3 convolution, for each group: no product here reaches 2^63.
    const int64_t width = planes * config.width_per_group / 64;
    require(width >= 1 && width <= max_size / config.groups, where,
            "'planes' {} x 'width_per_group' {} / 64 x 'groups' {} must be between 1 and 2^24", planes,
            config.width_per_group, config.groups);
  }
  config.labels = labels_of(json, keys.num_classes, where, "");
  return config;
}

TorchvisionVggConfig read_torchvision_vgg(Json json, const std::string& where) {
  const auto keys = read_keys<VggKeys>(json, {"id2label", "model_type", "features"}, where);
  require(keys.architecture == "vgg", where, "'architecture' must be \"vgg\"; got \"{}\"", keys.architecture);
  TorchvisionVggConfig config;
  config.features = {keys.in_channels, read_features(json, where), keys.batch_norm, keys.batch_norm_eps};
  config.avgpool_output = keys.avgpool_output;
  config.classifier = keys.classifier;
  require_sizes(where, "avgpool_output", config.avgpool_output, 2);
  require_sizes(where, "classifier", config.classifier);
  int64_t channels = 0;
  for (const int64_t layer : config.features.layers) channels = layer == 0 ? channels : layer;
  // Compared by division, so that nothing overflows.
  const int64_t pixels = config.classifier[0] / channels;
  require(
      config.classifier.size() >= 2 && config.classifier[0] % channels == 0 &&
          pixels % config.avgpool_output[0] == 0 &&
          pixels / config.avgpool_output[0] == config.avgpool_output[1],
      where,
      "'classifier' must begin with the {} channels of the last convolution times 'avgpool_output' {} x {}, "
      "and go on with what each linear layer answers; got {} in its {} entries",
      channels, config.avgpool_output[0], config.avgpool_output[1], config.classifier[0],
      config.classifier.size());
  require(config.classifier.back() == keys.num_classes, where,
          "'classifier' must end with 'num_classes', {}; got {}", keys.num_classes, config.classifier.back());
  config.labels = labels_of(json, keys.num_classes, where, "");
  return config;
}

}  // namespace lrpp::cnn
