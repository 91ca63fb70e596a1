#include <lrpp/adapters/transformer/vision.h>
#include <lrpp/framework/ops/concat.h>
#include <lrpp/framework/ops/conv2d.h>
#include <lrpp/framework/ops/parameter.h>
#include <lrpp/framework/ops/shapes.h>
#include <lrpp/framework/ops/wiring.h>

namespace lrpp::transformer {
namespace {

/// The image cut into patches, each projected: [B,C,H,W] -> [B, rows * columns, D], row by row.
Value add_patches(Builder& builder, const VisionConfig& config, const VisionNames& names, Value pixels) {
  const std::vector<int64_t> patch{config.patch_height, config.patch_width};
  const Tensor weight =
      builder.take(names.projection + ".weight", {config.hidden_size, config.channels, patch[0], patch[1]});
  const Tensor bias = builder.take(names.projection + ".bias", {config.hidden_size});
  const ops::Conv2dAttributes tiles{.stride = patch};
  const Value maps =
      builder.add(names.projection, std::make_shared<ops::Conv2d>(weight, bias, tiles), {pixels});
  const auto flatten = std::make_shared<ops::Flatten>(ops::FlattenAttributes{2, 3});
  const Value flat = builder.add(names.base + ".patch_flatten", flatten, {maps});
  const auto permute = std::make_shared<ops::Permute>(ops::PermuteAttributes{{0, 2, 1}});
  return builder.add(names.base + ".patch_tokens", permute, {flat});
}

/// Learned tokens, then the patches, and positions added: [B,T,D].
Value add_tokens(Builder& builder, const VisionConfig& config, const VisionNames& names, Value pixels) {
  const auto parameter = [&](const std::string& name, int64_t tokens) {
    const Tensor value = builder.take(name, {1, tokens, config.hidden_size});
    return builder.add(name, std::make_shared<ops::Parameter>(value), {pixels});
  };
  std::vector<Value> parts;
  for (const std::string& token : names.tokens) parts.push_back(parameter(token, 1));
  parts.push_back(add_patches(builder, config, names, pixels));
  const auto count = static_cast<int64_t>(parts.size());
  const auto concat = std::make_shared<ops::Concat>(ops::ConcatAttributes{count, 1});
  const Value tokens = builder.add(names.base + ".concat", concat, parts);
  const int64_t patches =
      (config.image_height / config.patch_height) * (config.image_width / config.patch_width);
  const Value positions = parameter(names.positions, patches + count - 1);
  return builder.add(names.base + ".position_add", std::make_shared<ops::Add>(), {tokens, positions});
}

}  // namespace

void require_patches(const VisionConfig& config, const std::string& where) {
  require(config.patch_height <= config.image_height && config.patch_width <= config.image_width, where,
          "a patch must fit into the image; got patches of {} x {} and images of {} x {}",
          config.patch_height, config.patch_width, config.image_height, config.image_width);
}

Model build_vision(const VisionConfig& config, const VisionNames& names, const ModelDirectory& directory,
                   const LoadOptions& options) {
  require(!options.every_position, "model",
          "a classifier of images has no output at every position; load it without every_position");
  Builder builder(directory, options, names.base);
  const Value pixels = builder.graph().input("pixel_values");
  const Value tokens = add_tokens(builder, config, names, pixels);
  Value hidden = tokens;
  for (int64_t i = 0; i < config.num_layers; ++i) {
    hidden = add_layer(builder, fmt::format("{}{}", names.layers, i), names.layer, config.layer, hidden);
  }
  // The norm works on each token alone: only the class token's is needed.
  hidden = builder.add(names.base + ".select_token", std::make_shared<ops::SelectIndex>(), {hidden});
  hidden = builder.norm(names.norm, config.layer.norm, config.hidden_size, hidden);
  const Value logits = builder.linear(names.classifier, {config.hidden_size, config.head.outputs}, hidden);
  for (const std::string& unused : names.unused) builder.pass_over(unused);
  builder.finish_weights();

  Model model;
  model.graph = std::move(builder.graph()).finish(pixels, logits, tokens);
  model.task = "image classifier";
  model.labels = config.head.labels;
  model.image = ImageShape{config.channels, config.image_height, config.image_width};
  return model;
}

}  // namespace lrpp::transformer
