#include <lrpp/adapters/cnn/builder.h>
#include <lrpp/adapters/cnn/models.h>
#include <lrpp/framework/ops/activations.h>

namespace lrpp::cnn {
namespace {

/// Tensors have the same names in torchvision and timm; modules without tensors do not. torchvision applies
/// one relu module several times in a block: its nodes are numbered, as timm's modules are.
struct Names {
  std::string stem_activation, activation, pool, flatten;
};

/// The convolutions of one block, of which the one with the stride is the 3x3 (the first of two, the middle
/// one of three).
std::vector<Convolution> body_of(const ResNetConfig& config, int64_t in, int64_t planes, int64_t stride) {
  if (!config.bottleneck) return {{in, planes, 3, stride, 1}, {planes, planes, 3, 1, 1}};
  const int64_t width = planes * config.width_per_group / 64 * config.groups;
  return {{in, width, 1}, {width, width, 3, stride, 1, config.groups}, {width, 4 * planes, 1}};
}

ResidualBlock block_of(const ResNetConfig& config, const Names& names, const std::string& prefix, int64_t in,
                       int64_t planes, int64_t stride) {
  ResidualBlock block;
  for (const Convolution& shape : body_of(config, in, planes, stride)) {
    const std::string number = std::to_string(block.body.size() + 1);
    block.body.push_back({prefix + ".conv" + number, prefix + ".bn" + number, shape});
    block.activations.push_back(prefix + "." + names.activation + number);
  }
  block.activation = block.activations.back();
  block.activations.pop_back();
  const int64_t out = block.body.back().shape.out;
  if (stride != 1 || in != out) {
    block.shortcut = {{prefix + ".downsample.0", prefix + ".downsample.1", {in, out, 1, stride}}};
  }
  block.sum = prefix + ".add";
  block.inner_activation = block.outer_activation = std::make_shared<ops::Relu>();
  return block;
}

Model build(const ResNetConfig& config, const Names& names, const ModelDirectory& directory,
            const LoadOptions& options) {
  Builder builder(directory, options);
  const ConvNorm stem{"conv1", "bn1", {config.in_channels, config.stem_planes, 7, 2, 3}};
  Value x = add_conv_norm(builder, stem, config.batch_norm_eps, builder.pixels());
  x = builder.op(names.stem_activation, std::make_shared<ops::Relu>(), x);
  x = builder.max_pool("maxpool", {{3, 3}, {2, 2}, {1, 1}, {1, 1}, false}, x);
  int64_t channels = config.stem_planes;
  for (size_t stage = 0; stage < config.layers.size(); ++stage) {
    for (int64_t i = 0; i < config.layers[stage]; ++i) {
      const std::string prefix = fmt::format("layer{}.{}", stage + 1, i);
      const int64_t stride = stage > 0 && i == 0 ? 2 : 1;
      const ResidualBlock block = block_of(config, names, prefix, channels, config.planes[stage], stride);
      x = add_block(builder, block, config.batch_norm_eps, x);
      channels = block.body.back().shape.out;
    }
  }
  x = builder.global_pool(names.pool, names.flatten, x);
  x = builder.linear("fc", channels, static_cast<int64_t>(config.labels.size()), x);
  return std::move(builder).finish(x, config.in_channels, config.labels);
}

}  // namespace

Model build_torchvision_resnet(const ResNetConfig& config, const ModelDirectory& directory,
                               const LoadOptions& options) {
  return build(config, {"relu", "relu", "avgpool", "flatten"}, directory, options);
}

Model build_timm_resnet(const ResNetConfig& config, const ModelDirectory& directory,
                        const LoadOptions& options) {
  return build(config, {"act1", "act", "global_pool.pool", "global_pool.flatten"}, directory, options);
}

}  // namespace lrpp::cnn
