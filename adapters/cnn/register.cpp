#include <lrpp/adapters/cnn/models.h>
#include <lrpp/adapters/cnn/register.h>

namespace lrpp {
namespace {

constexpr const char* composite = "epsilon-plus-flat";

/// An adapter's `load`: the config read by `read`, the graph built by `build`.
template <class Read, class Build>
auto load_with(Read read, Build build) {
  return [read, build](const ModelDirectory& directory, const LoadOptions& options) {
    const std::string where = fmt::format("config {}", (directory.path / "config.json").string());
    return build(read(directory.config, where), directory, options);
  };
}

}  // namespace

void register_cnn(Registry& registry) {
  using namespace cnn;
  registry.add_adapter({"torchvision_resnet", "ResNet, torchvision's naming (no model_type needed)",
                        composite, [](const Json& config) { return is_torchvision(config, "resnet"); },
                        load_with(read_torchvision_resnet, build_torchvision_resnet)});
  registry.add_adapter({"torchvision_vgg", "VGG, torchvision's naming (no model_type needed)", composite,
                        [](const Json& config) { return is_torchvision(config, "vgg"); },
                        load_with(read_torchvision_vgg, build_torchvision_vgg)});
  const auto is_vgg = [](const Json& config) { return timm_architecture(config).starts_with("vgg"); };
  // It also answers for timm's other architectures, so that its message can list what is supported.
  registry.add_adapter({"timm_resnet", "ResNet, timm's naming (no model_type needed)", composite,
                        [=](const Json& config) { return is_timm(config) && !is_vgg(config); },
                        load_with(read_timm_resnet, build_timm_resnet)});
  registry.add_adapter({"timm_vgg", "VGG, timm's naming (no model_type needed)", composite,
                        [=](const Json& config) { return is_timm(config) && is_vgg(config); },
                        load_with(read_timm_vgg, build_timm_vgg)});
  registry.add_adapter({"resnet",
                        "ResNet, Hugging Face naming",
                        composite,
                        {},
                        load_with(read_huggingface_resnet, build_huggingface_resnet)});
  registry.add_adapter(
      {"convnext", "ConvNeXt, Hugging Face naming", composite, {}, load_with(read_convnext, build_convnext)});
}

}  // namespace lrpp
