#include <lrpp/adapters/transformer/vision.h>

namespace lrpp::transformer {

Model build_vision(const VisionConfig& config, const VisionNames& names, const ModelDirectory& directory,
                   const LoadOptions& options) {
  const auto add_layers = [&](Builder& builder, Value hidden) {
    for (int64_t i = 0; i < config.num_layers; ++i) {
      hidden = add_layer(builder, fmt::format("{}{}", names.layers, i), names.layer, config.layer, hidden);
    }
    return hidden;
  };
  return build_image_classifier(config.frame, names.frame, directory, options, add_layers);
}

}  // namespace lrpp::transformer
