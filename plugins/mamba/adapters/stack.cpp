#include <lrpp/plugins/mamba/adapters/hybrid.h>
#include <lrpp/plugins/mamba/adapters/stack.h>

namespace lrpp::mamba {

Model build_stack(const StackConfig& config, const ModelDirectory& directory, const LoadOptions& options) {
  const Part mixer = std::visit([](const auto& of_any_kind) { return Part(of_any_kind); }, config.mixer);
  HybridConfig hybrid;
  hybrid.frame = config.frame;
  hybrid.names = {
      .base = "backbone", .embedding = config.embedding, .norm = "backbone.norm_f", .classifier = "lm_head"};
  hybrid.residual_in_fp32 = config.residual_in_fp32;
  for (int64_t i = 0; i < config.num_layers; ++i) {
    hybrid.residuals.push_back({fmt::format("backbone.layers.{}", i), "norm", "mixer", "add", mixer});
  }
  return build_hybrid(hybrid, directory, options);
}

}  // namespace lrpp::mamba
