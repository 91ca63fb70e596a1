#include <lrpp/adapters/cnn/builder.h>
#include <lrpp/adapters/cnn/models.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/dropout.h>
#include <lrpp/framework/ops/shapes.h>

namespace lrpp::cnn {
namespace {

OpPtr relu() { return std::make_shared<ops::Relu>(); }

/// features.0, features.1, ...: convolution, batch norm where there is one, relu, ..., max pooling.
/// `channels` becomes those of the last convolution.
Value add_features(Builder& builder, const VggFeatures& features, int64_t& channels) {
  int64_t number = 0;
  const auto next = [&] { return "features." + std::to_string(number++); };
  Value x = builder.pixels();
  channels = features.in_channels;
  for (const int64_t layer : features.layers) {
    if (layer == 0) {
      x = builder.max_pool(next(), {}, x);
      continue;
    }
    x = builder.conv(next(), {channels, layer, 3, 1, 1, 1, /*bias=*/true}, x);
    if (features.batch_norm) x = builder.batch_norm(next(), layer, features.batch_norm_eps, x);
    x = builder.op(next(), relu(), x);
    channels = layer;
  }
  return x;
}

}  // namespace

Model build_torchvision_vgg(const TorchvisionVggConfig& config, const ModelDirectory& directory,
                            const LoadOptions& options) {
  Builder builder(directory, options);
  int64_t channels = 0;
  Value x = add_features(builder, config.features, channels);
  const ops::AdaptiveAvgPool2dAttributes pool{config.avgpool_output, false};
  x = builder.op("avgpool", std::make_shared<ops::AdaptiveAvgPool2d>(pool), x);
  x = builder.op("flatten", std::make_shared<ops::Flatten>(), x);
  const size_t layers = config.classifier.size() - 1;
  for (size_t i = 0; i < layers; ++i) {
    const auto name = [&](size_t module) { return fmt::format("classifier.{}", 3 * i + module); };
    x = builder.linear(name(0), config.classifier[i], config.classifier[i + 1], x);
    if (i + 1 == layers) break;
    x = builder.op(name(1), relu(), x);
    x = builder.op(name(2), std::make_shared<ops::Dropout>(), x);
  }
  return std::move(builder).finish(x, config.features.in_channels, config.labels);
}

Model build_timm_vgg(const TimmVggConfig& config, const ModelDirectory& directory,
                     const LoadOptions& options) {
  Builder builder(directory, options);
  int64_t channels = 0;
  Value x = add_features(builder, config.features, channels);
  // The first of the head's convolutions spans 7x7 pixels; timm enlarges a smaller image to that.
  const ops::AdaptiveAvgPool2dAttributes pool{{7, 7}, /*at_least=*/true};
  x = builder.op("pre_logits.pool", std::make_shared<ops::AdaptiveAvgPool2d>(pool), x);
  x = builder.conv("pre_logits.fc1", {channels, config.middle, 7, 1, 0, 1, /*bias=*/true}, x);
  x = builder.op("pre_logits.act1", relu(), x);
  x = builder.op("pre_logits.drop", std::make_shared<ops::Dropout>(), x);
  x = builder.conv("pre_logits.fc2", {config.middle, config.hidden, 1, 1, 0, 1, /*bias=*/true}, x);
  x = builder.op("pre_logits.act2", relu(), x);
  x = builder.global_pool("head.global_pool.pool", "head.global_pool.flatten", x);
  x = builder.op("head.drop", std::make_shared<ops::Dropout>(), x);
  x = builder.linear("head.fc", config.hidden, static_cast<int64_t>(config.labels.size()), x);
  return std::move(builder).finish(x, config.features.in_channels, config.labels);
}

}  // namespace lrpp::cnn
