#include <lrpp/adapters/activation.h>
#include <lrpp/adapters/cnn/builder.h>
#include <lrpp/adapters/cnn/models.h>
#include <lrpp/framework/ops/scale.h>

namespace lrpp::cnn {
namespace {

/// The epsilon of every layer norm but the last, which transformers does not configure.
constexpr double inner_eps = 1e-6;

const std::vector<int64_t> channels_last{0, 2, 3, 1}, channels_first{0, 3, 1, 2};

/// A layer norm over the channels of [B,C,H,W].
Value add_channel_norm(Builder& builder, const std::string& block, const std::string& name, int64_t channels,
                       Value x) {
  x = builder.permute(block + ".to_channels_last", channels_last, x);
  x = builder.layer_norm(name, channels, inner_eps, x);
  return builder.permute(block + ".to_channels_first", channels_first, x);
}

/// x + scale * mlp(norm(depthwise(x))), the perceptron over channels (Liu et al., arXiv:2201.03545, figure
/// 4).
Value add_layer(Builder& builder, const std::string& prefix, const ConvNextConfig& config, int64_t channels,
                const OpPtr& activation, Value x) {
  const auto name = [&](const char* part) { return prefix + "." + part; };
  Value y = builder.conv(name("dwconv"), {channels, channels, 7, 1, 3, channels, /*bias=*/true}, x);
  y = builder.permute(name("to_channels_last"), channels_last, y);
  y = builder.layer_norm(name("layernorm"), channels, inner_eps, y);
  y = builder.linear(name("pwconv1"), channels, 4 * channels, y);
  y = builder.op(name("act"), activation, y);
  y = builder.linear(name("pwconv2"), 4 * channels, channels, y);
  if (config.layer_scale) {
    const Tensor scale = builder.weights().take(name("layer_scale_parameter"), {channels});
    y = builder.op(name("layer_scale"), std::make_shared<ops::Scale>(scale), y);
  }
  y = builder.permute(name("to_channels_first"), channels_first, y);
  return builder.sum(name("add"), x, y);
}

}  // namespace

Model build_convnext(const ConvNextConfig& config, const ModelDirectory& directory,
                     const LoadOptions& options) {
  const std::string where = fmt::format("config {}", (directory.path / "config.json").string());
  const OpPtr activation = make_activation(config.hidden_act, where);
  Builder builder(directory, options);
  int64_t channels = config.hidden_sizes[0];
  const std::string embeddings = "convnext.embeddings";
  const Convolution patches{config.num_channels, channels,     config.patch_size, config.patch_size,
                            /*padding=*/0,       /*groups=*/1, /*bias=*/true};
  Value x = builder.conv(embeddings + ".patch_embeddings", patches, builder.pixels());
  x = add_channel_norm(builder, embeddings, embeddings + ".layernorm", channels, x);
  for (size_t stage = 0; stage < config.depths.size(); ++stage) {
    const std::string prefix = fmt::format("convnext.encoder.stages.{}", stage);
    if (stage > 0) {
      const std::string down = prefix + ".downsampling_layer";
      x = add_channel_norm(builder, down, down + ".0", channels, x);
      x = builder.conv(down + ".1", {channels, config.hidden_sizes[stage], 2, 2, 0, 1, /*bias=*/true}, x);
      channels = config.hidden_sizes[stage];
    }
    for (int64_t i = 0; i < config.depths[stage]; ++i) {
      x = add_layer(builder, fmt::format("{}.layers.{}", prefix, i), config, channels, activation, x);
    }
  }
  x = builder.global_pool("convnext.pooler", "convnext.flatten", x);
  x = builder.layer_norm("convnext.layernorm", channels, config.layer_norm_eps, x);
  x = builder.linear("classifier", channels, static_cast<int64_t>(config.labels.size()), x);
  return std::move(builder).finish(x, config.num_channels, config.labels);
}

}  // namespace lrpp::cnn
