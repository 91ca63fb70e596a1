#include <lrpp/adapters/transformer/image_classifier.h>
#include <lrpp/framework/ops/concat.h>
#include <lrpp/framework/ops/conv2d.h>
#include <lrpp/framework/ops/mean_tokens.h>
#include <lrpp/framework/ops/parameter.h>
#include <lrpp/framework/ops/shapes.h>
#include <lrpp/framework/ops/wiring.h>

#include <array>

namespace lrpp::transformer {
namespace {

/// The image cut into patches, each projected: [B,C,H,W] -> [B, rows * columns, D], row by row.
Value add_patches(Builder& builder, const ImageClassifierConfig& config, const ImageClassifierNames& names,
                  Value pixels) {
  const std::vector<int64_t> patch{config.patch_height, config.patch_width};
  const Tensor weight =
      builder.take(names.projection + ".weight", {config.hidden_size, config.channels, patch[0], patch[1]});
  const Tensor bias = builder.take(names.projection + ".bias", {config.hidden_size});
  ops::Conv2dAttributes tiles{.stride = patch};
  if (config.stride) tiles.stride = {*config.stride, *config.stride};
  const Value maps =
      builder.add(names.projection, std::make_shared<ops::Conv2d>(weight, bias, tiles), {pixels});
  const auto flatten = std::make_shared<ops::Flatten>(ops::FlattenAttributes{2, 3});
  const Value flat = builder.add(names.base + ".patch_flatten", flatten, {maps});
  const auto permute = std::make_shared<ops::Permute>(ops::PermuteAttributes{{0, 2, 1}});
  return builder.add(names.base + ".patch_tokens", permute, {flat});
}

/// Patches and learned tokens, each in its place, and positions added: [B,T,D].
Value add_tokens(Builder& builder, const ImageClassifierConfig& config, const ImageClassifierNames& names,
                 Value pixels) {
  const auto parameter = [&](const std::string& name, int64_t tokens) {
    const Tensor value = builder.take(name, {1, tokens, config.hidden_size});
    return builder.add(name, std::make_shared<ops::Parameter>(value), {pixels});
  };
  std::vector<Value> parts;
  const auto add_learned = [&](const std::vector<std::string>& tokens) {
    for (const std::string& token : tokens) parts.push_back(parameter(token, 1));
  };
  const Value patches = add_patches(builder, config, names, pixels);
  const int64_t count = config.num_patches(), half = count / 2;
  add_learned(names.tokens.before);
  if (names.tokens.middle.empty() || half == 0) {
    add_learned(names.tokens.middle);
    parts.push_back(patches);
  } else {
    const auto split = std::make_shared<ops::Split>(ops::SplitAttributes{{half, count - half}, 1});
    const auto halves = builder.graph().add_multi(names.base + ".patch_split", split, {patches});
    parts.push_back(halves[0]);
    add_learned(names.tokens.middle);
    parts.push_back(halves[1]);
  }
  add_learned(names.tokens.after);
  Value tokens = parts.front();
  if (parts.size() > 1) {
    const ops::ConcatAttributes along{static_cast<int64_t>(parts.size()), 1};
    tokens = builder.add(names.base + ".concat", std::make_shared<ops::Concat>(along), parts);
  }
  if (names.positions.empty()) return tokens;
  const auto& [before, middle, after] = names.tokens;
  const auto learned = static_cast<int64_t>(before.size() + middle.size() + after.size());
  const Value positions = parameter(names.positions, count + learned);
  return builder.add(names.base + ".position_add", std::make_shared<ops::Add>(), {tokens, positions});
}

/// The last norm of the tokens that answer: [B,T,D] -> [B,D].
Value add_answer(Builder& builder, const ImageClassifierConfig& config, const ImageClassifierNames& names,
                 Value hidden) {
  const auto norm = [&](Value x) { return builder.norm(names.norm, config.norm, config.hidden_size, x); };
  if (config.answer.size() == 1) {
    // The norm works on each token alone: only this one's is needed.
    const auto choice = std::make_shared<ops::SelectIndex>(ops::SelectIndexAttributes{config.answer[0]});
    return norm(builder.add(names.base + ".select_token", choice, {hidden}));
  }
  const auto mean = std::make_shared<ops::MeanTokens>(ops::MeanTokensAttributes{config.answer});
  return builder.add(names.base + ".mean_tokens", mean, {norm(hidden)});
}

}  // namespace

int64_t ImageClassifierConfig::num_patches() const {
  return ((image_height - patch_height) / stride.value_or(patch_height) + 1) *
         ((image_width - patch_width) / stride.value_or(patch_width) + 1);
}

void require_patches(const ImageClassifierConfig& config, const std::string& where) {
  require(config.patch_height <= config.image_height && config.patch_width <= config.image_width, where,
          "a patch must fit into the image; got patches of {} x {} and images of {} x {}",
          config.patch_height, config.patch_width, config.image_height, config.image_width);
}

std::pair<int64_t, int64_t> read_extent(const Json& config, const char* key, int64_t otherwise,
                                        const std::string& where) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return {otherwise, otherwise};
  const bool pair = found->is_array() && found->size() == 2;
  std::array<int64_t, 2> extent{};
  for (size_t i = 0; i < 2; ++i) {
    const Json& value = pair ? (*found)[i] : *found;
    require(value.is_number_integer() && value > 0 && value <= 65536, where,
            "'{}' must be an integer from 1 to 65536 or a pair of them; got {}", key, describe_value(*found));
    extent[i] = value.get<int64_t>();
  }
  return {extent[0], extent[1]};
}

Model build_image_classifier(const ImageClassifierConfig& config, const ImageClassifierNames& names,
                             const ModelDirectory& directory, const LoadOptions& options,
                             const AddTokenLayers& add_layers) {
  require(!options.every_position, "model",
          "a classifier of images has no output at every position; load it without every_position");
  Builder builder(directory, options, names.base);
  const Value pixels = builder.graph().input("pixel_values");
  const Value tokens = add_tokens(builder, config, names, pixels);
  const Value answer = add_answer(builder, config, names, add_layers(builder, tokens));
  const Value logits = builder.linear(names.classifier, {config.hidden_size, config.head.outputs}, answer);
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
