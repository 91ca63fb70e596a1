#include <lrpp/plugins/mamba/adapters/language_model.h>
#include <lrpp/plugins/mamba/composite.h>
#include <lrpp/plugins/mamba/register.h>

namespace lrpp {
namespace {

/// An adapter's `load`: the config read by `read`, the rest alike.
template <class Read>
auto load_with(Read read) {
  return [read](const ModelDirectory& directory, const LoadOptions& options) {
    const std::string where = fmt::format("config {}", (directory.path / "config.json").string());
    return mamba::build_stack(read(directory.config, where), directory, options);
  };
}

}  // namespace

void register_mamba(Registry& registry) {
  registry.add_op({"conv1d", OpKind::linear, "causal depthwise convolution over tokens"});
  registry.add_op({"selective_scan", OpKind::held_linear, "the selective state-space recurrence of Mamba"});
  registry.add_composite<mamba::MambaLrpParameters>(
      "mamba-lrp", "MambaLRP: scan parameters held, gate halved, SiLU and norm factors held, LRP-0 elsewhere",
      mamba::mamba_lrp);
  registry.add_adapter({"mamba",
                        "Mamba language models and classifiers, Hugging Face naming",
                        "mamba-lrp",
                        {},
                        load_with(mamba::read_huggingface_config)});
  registry.add_adapter(
      {"mamba_ssm", "Mamba language models, original state-spaces naming (no model_type needed)", "mamba-lrp",
       mamba::is_state_spaces_config, load_with(mamba::read_state_spaces_config)});
}

}  // namespace lrpp
