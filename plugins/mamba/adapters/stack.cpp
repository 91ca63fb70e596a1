#include <lrpp/adapters/transformer/language_model.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/plugins/mamba/adapters/block.h>
#include <lrpp/plugins/mamba/adapters/mamba2_block.h>
#include <lrpp/plugins/mamba/adapters/stack.h>

namespace lrpp::mamba {
namespace {

Value add_block(Builder& builder, const std::string& prefix, const StackConfig& config, Value residual) {
  const Value x = builder.norm(prefix + ".norm", config.frame.norm, config.frame.hidden_size, residual);
  const std::string mixer = prefix + ".mixer";
  const auto* mamba2 = std::get_if<Mamba2Config>(&config.mixer);
  const Value mixed = mamba2 != nullptr ? add_mamba2_mixer(builder, mixer, *mamba2, x)
                                        : add_mixer(builder, mixer, std::get<BlockConfig>(config.mixer), x);
  return builder.add(prefix + ".add", std::make_shared<ops::Add>(), {residual, mixed});
}

}  // namespace

Model build_stack(const StackConfig& config, const ModelDirectory& directory, const LoadOptions& options) {
  const auto add_layers = [&](Builder& builder, Value, Value hidden) {
    if (config.residual_in_fp32 && options.dtype == at::kBFloat16) {
      hidden = builder.add("backbone.residual_cast", std::make_shared<ops::Cast>(), {hidden});
    }
    for (int64_t i = 0; i < config.num_layers; ++i) {
      hidden = add_block(builder, fmt::format("backbone.layers.{}", i), config, hidden);
    }
    return hidden;
  };
  const transformer::LanguageModelNames names{
      .base = "backbone", .embedding = config.embedding, .norm = "backbone.norm_f", .classifier = "lm_head"};
  return transformer::build_language_model(config.frame, names, directory, options, add_layers);
}

}  // namespace lrpp::mamba
