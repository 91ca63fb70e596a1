#include <lrpp/adapters/activation.h>
#include <lrpp/adapters/cnn/builder.h>
#include <lrpp/adapters/cnn/models.h>
#include <lrpp/framework/ops/activations.h>

namespace lrpp::cnn {
namespace {

/// The epsilon that transformers leaves at PyTorch's default.
constexpr double batch_norm_eps = 1e-5;

ConvNorm conv_norm(const std::string& prefix, const Convolution& shape) {
  return {prefix + ".convolution", prefix + ".normalization", shape};
}

std::vector<Convolution> body_of(const HuggingFaceResNetConfig& config, int64_t in, int64_t out,
                                 int64_t stride) {
  if (!config.bottleneck) return {{in, out, 3, stride, 1}, {out, out, 3, 1, 1}};
  const int64_t reduced = out / 4;
  const int64_t first = config.downsample_in_bottleneck ? stride : 1;
  return {{in, reduced, 1, first}, {reduced, reduced, 3, stride / first, 1}, {reduced, out, 1}};
}

ResidualBlock block_of(const HuggingFaceResNetConfig& config, const std::string& prefix, int64_t in,
                       int64_t out, int64_t stride, const OpPtr& activation) {
  ResidualBlock block;
  for (const Convolution& shape : body_of(config, in, out, stride)) {
    const std::string layer = fmt::format("{}.layer.{}", prefix, block.body.size());
    block.body.push_back(conv_norm(layer, shape));
    block.activations.push_back(layer + ".activation");
  }
  block.activations.pop_back();
  if (stride != 1 || in != out) block.shortcut = {conv_norm(prefix + ".shortcut", {in, out, 1, stride})};
  block.sum = prefix + ".add";
  block.activation = prefix + ".activation";
  // transformers hands `hidden_act` to the stem and to the ends of blocks alone; within, it is always relu.
  block.inner_activation = std::make_shared<ops::Relu>();
  block.outer_activation = activation;
  return block;
}

}  // namespace

Model build_huggingface_resnet(const HuggingFaceResNetConfig& config, const ModelDirectory& directory,
                               const LoadOptions& options) {
  const std::string where = fmt::format("config {}", (directory.path / "config.json").string());
  const OpPtr activation = make_activation(config.hidden_act, where);
  Builder builder(directory, options);
  int64_t channels = config.embedding_size;
  const std::string stem = "resnet.embedder.embedder";
  Value x = add_conv_norm(builder, conv_norm(stem, {config.num_channels, channels, 7, 2, 3}), batch_norm_eps,
                          builder.pixels());
  x = builder.op(stem + ".activation", activation, x);
  x = builder.max_pool("resnet.embedder.pooler", {{3, 3}, {2, 2}, {1, 1}, {1, 1}, false}, x);
  for (size_t stage = 0; stage < config.depths.size(); ++stage) {
    for (int64_t i = 0; i < config.depths[stage]; ++i) {
      const std::string prefix = fmt::format("resnet.encoder.stages.{}.layers.{}", stage, i);
      const bool downsample = i == 0 && (stage > 0 || config.downsample_in_first_stage);
      const int64_t out = config.hidden_sizes[stage];
      x = add_block(builder, block_of(config, prefix, channels, out, downsample ? 2 : 1, activation),
                    batch_norm_eps, x);
      channels = out;
    }
  }
  x = builder.global_pool("resnet.pooler", "classifier.0", x);
  x = builder.linear("classifier.1", channels, static_cast<int64_t>(config.labels.size()), x);
  return std::move(builder).finish(x, config.num_channels, config.labels);
}

}  // namespace lrpp::cnn
