#include <lrpp/adapters/cnn/config.h>
#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/framework/labels.h>

#include <algorithm>
#include <map>

namespace lrpp::cnn {
namespace {

struct PretrainedCfg {
  std::optional<std::vector<int64_t>> input_size;  ///< channels, height, width
  std::optional<std::vector<std::string>> label_names;
};

/// The keys of timm's config.json that say what the model computes. The others are about its origin.
struct TimmKeys {
  std::string architecture;
  int64_t num_classes = 1000;
  std::optional<std::string> global_pool;
  std::optional<std::vector<std::string>> label_names;
  PretrainedCfg pretrained_cfg;
};

/// The arguments of timm's constructors that these adapters know; another one is an error. Those about
/// dropping change nothing once a model is trained.
struct ModelArgs {
  std::optional<int64_t> in_chans, num_classes;
  std::optional<std::string> global_pool;
  std::optional<double> drop_rate, drop_path_rate, drop_block_rate;
};

struct VggArgs {
  std::optional<int64_t> in_chans, num_classes;
  std::optional<std::string> global_pool;
  std::optional<double> drop_rate;
  double mlp_ratio = 1;
};

struct ResNetShape {
  bool bottleneck;
  std::vector<int64_t> layers;
};

const std::map<std::string, ResNetShape> resnets{{"resnet18", {false, {2, 2, 2, 2}}},
                                                 {"resnet34", {false, {3, 4, 6, 3}}},
                                                 {"resnet50", {true, {3, 4, 6, 3}}},
                                                 {"resnet101", {true, {3, 4, 23, 3}}},
                                                 {"resnet152", {true, {3, 8, 36, 3}}}};

/// Convolutions of each stage, of 64, 128, 256, 512 and 512 channels; a max pooling ends it.
const std::map<std::string, std::vector<int64_t>> vggs{{"vgg11", {1, 1, 2, 2, 2}},
                                                       {"vgg13", {2, 2, 2, 2, 2}},
                                                       {"vgg16", {2, 2, 3, 3, 3}},
                                                       {"vgg19", {2, 2, 4, 4, 4}}};

[[noreturn]] void fail_architecture(const std::string& name, const std::string& where) {
  std::vector<std::string> known;
  for (const auto& [key, shape] : resnets) known.push_back(key);
  for (const auto& [key, stages] : vggs) {
    known.push_back(key);
    known.push_back(key + "_bn");
  }
  fail(where, "timm's architecture '{}' is not supported; {}", name, list_known(name, known));
}

/// What the model's args and its config say together.
struct Common {
  int64_t in_channels;
  int64_t num_classes;
  std::vector<std::string> labels;
};

template <class Args>
Common read_common(const Json& json, const Args& args, const std::string& where) {
  const auto keys = from_json_value<TimmKeys>(json, where, UnknownKeys::ignore);
  for (const auto& pool : {keys.global_pool, args.global_pool}) {
    require(pool.value_or("avg") == "avg", where,
            "'global_pool' must be \"avg\"; got \"{}\", which this adapter does not support",
            pool.value_or(""));
  }
  const auto input = keys.pretrained_cfg.input_size.value_or(std::vector<int64_t>{3, 224, 224});
  require_sizes(where, "pretrained_cfg.input_size", input, 3);
  Common common{args.in_chans.value_or(input[0]), args.num_classes.value_or(keys.num_classes), {}};
  require_size(where, "in_chans", common.in_channels);
  require_classes(where, "num_classes", common.num_classes);
  if (const auto names = keys.label_names ? keys.label_names : keys.pretrained_cfg.label_names) {
    require(static_cast<int64_t>(names->size()) == common.num_classes, where,
            "'label_names' must name each of the {} classes; got {} names", common.num_classes,
            names->size());
    common.labels = *names;
  } else {
    common.labels = labels_of(json, common.num_classes, where, "");
  }
  return common;
}

template <class Args>
Args read_args(const Json& json, const std::string& where) {
  const auto args = json.find("model_args");
  if (args == json.end() || args->is_null()) return {};
  return from_json_value<Args>(*args, where + " model_args");
}

}  // namespace

bool is_timm(const Json& config) {
  const auto architecture = config.find("architecture");
  return architecture != config.end() && architecture->is_string() && !config.contains("source") &&
         (config.contains("pretrained_cfg") || config.contains("num_features"));
}

std::string timm_architecture(const Json& config) {
  const auto architecture = config.find("architecture");
  if (architecture == config.end() || !architecture->is_string()) return {};
  const auto name = architecture->get<std::string>();
  return name.substr(0, name.find('.'));
}

ResNetConfig read_timm_resnet(const Json& json, const std::string& where) {
  const std::string name = timm_architecture(json);
  const auto shape = resnets.find(name);
  if (shape == resnets.end()) fail_architecture(name, where);
  const Common common = read_common(json, read_args<ModelArgs>(json, where), where);
  ResNetConfig config;
  config.in_channels = common.in_channels;
  config.bottleneck = shape->second.bottleneck;
  config.layers = shape->second.layers;
  config.labels = common.labels;
  return config;
}

TimmVggConfig read_timm_vgg(const Json& json, const std::string& where) {
  const std::string name = timm_architecture(json);
  const bool batch_norm = name.ends_with("_bn");
  const auto stages = vggs.find(batch_norm ? name.substr(0, name.size() - 3) : name);
  if (stages == vggs.end()) fail_architecture(name, where);
  const auto args = read_args<VggArgs>(json, where);
  const Common common = read_common(json, args, where);
  TimmVggConfig config;
  config.features = {common.in_channels, {}, batch_norm, 1e-5};
  for (size_t i = 0; i < stages->second.size(); ++i) {
    const int64_t channels = int64_t{64} << std::min<size_t>(i, 3);
    config.features.layers.insert(config.features.layers.end(), static_cast<size_t>(stages->second[i]),
                                  channels);
    config.features.layers.push_back(0);
  }
  const double middle = static_cast<double>(config.hidden) * args.mlp_ratio;
  require(middle >= 1 && middle <= static_cast<double>(max_size), where,
          "'mlp_ratio' must leave between 1 and 2^24 of {} channels; got {}", config.hidden, args.mlp_ratio);
  config.middle = static_cast<int64_t>(middle);
  config.labels = common.labels;
  return config;
}

}  // namespace lrpp::cnn
