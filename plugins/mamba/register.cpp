#include <lrpp/plugins/mamba/adapters/caduceus.h>
#include <lrpp/plugins/mamba/adapters/hybrid.h>
#include <lrpp/plugins/mamba/adapters/stack.h>
#include <lrpp/plugins/mamba/adapters/vim.h>
#include <lrpp/plugins/mamba/adapters/zamba2.h>
#include <lrpp/plugins/mamba/composite.h>
#include <lrpp/plugins/mamba/fused/add_rms_norm.h>
#include <lrpp/plugins/mamba/fused/conv1d_silu.h>
#include <lrpp/plugins/mamba/fused/mixer.h>
#include <lrpp/plugins/mamba/methods/hidden_attention.h>
#include <lrpp/plugins/mamba/register.h>

namespace lrpp {
namespace {

using namespace mamba;

/// An adapter's `load`: the config read by `read`, and the graph put together from it by `build`.
template <class Config>
auto load_with(Config (*read)(const Json&, const std::string&),
               Model (*build)(const Config&, const ModelDirectory&, const LoadOptions&)) {
  return [=](const ModelDirectory& directory, const LoadOptions& options) {
    const std::string where = fmt::format("config {}", (directory.path / "config.json").string());
    return build(read(directory.config, where), directory, options);
  };
}

void register_ablations(Registry& registry) {
  const auto add = [&](const char* part, const char* what, const std::vector<std::string>& ops) {
    registry.add_composite<MambaLrpParameters>(
        fmt::format("mamba-lrp-without-{}", part),
        fmt::format("an ablation of mamba-lrp: {} under the plain gradient", what),
        [ops](const Registry& known, const MambaLrpParameters& p) {
          return mamba_lrp_without(known, p, ops);
        });
  };
  add("silu", "SiLU", {"silu"});
  add("ssm", "the scan", {"selective_scan", "ssd"});
  add("gate", "gates", {"gate"});
}

}  // namespace

void register_mamba(Registry& registry) {
  registry.add_op({"conv1d", OpKind::linear, "causal depthwise convolution over tokens"});
  registry.add_op({"selective_scan", OpKind::held_linear, "the selective state-space recurrence of Mamba"});
  registry.add_op({"ssd", OpKind::held_linear, "the multi-head state-space recurrence of Mamba-2"});
  registry.add_composite<MambaLrpParameters>("mamba-lrp",
                                             "MambaLRP: scan parameters, attention weights and expert shares "
                                             "held, gates halved, activation and norm "
                                             "factors held, LRP-0 elsewhere",
                                             mamba_lrp);
  registry.add_composite<MambaLrpVisionParameters>(
      "mamba-lrp-vision", "as mamba-lrp with the generalized gamma rule on depthwise convolutions",
      mamba_lrp_vision);
  register_ablations(registry);
  register_hidden_attention(registry);
  registry.add_fusion(add_rms_norm_fusion());
  registry.add_fusion(conv1d_silu_fusion());
  registry.add_fusion(mixer_fusion());
  registry.add_fusion(rms_norm_fusion());
  const auto add = [&](const char* type, const char* summary, auto read, auto recognizes, auto build) {
    registry.add_adapter({type, summary, "mamba-lrp", recognizes, load_with(read, build)});
  };
  add("mamba", "Mamba language models and classifiers, Hugging Face naming", read_mamba, nullptr,
      build_stack);
  add("falcon_mamba", "Falcon-Mamba language models", read_falcon_mamba, nullptr, build_stack);
  add("mamba2", "Mamba-2 language models and classifiers, Hugging Face naming", read_mamba2, nullptr,
      build_stack);
  add("jamba", "Jamba language models and classifiers", read_jamba, nullptr, build_hybrid);
  add("bamba", "Bamba language models", read_bamba, nullptr, build_hybrid);
  add("zamba2", "Zamba2 language models and classifiers", read_zamba2, nullptr, build_zamba2);
  add("nemotron_h", "Nemotron-H language models", read_nemotron_h, nullptr, build_hybrid);
  add("mamba_ssm", "Mamba and Mamba-2 language models, original state-spaces naming (no model_type needed)",
      read_state_spaces_config, is_state_spaces_config, build_stack);
  registry.add_adapter({"vim",
                        "Vision Mamba image classifiers, hustvl naming",
                        "mamba-lrp-vision",
                        {},
                        load_with(read_vim, build_vim)});
  add("caduceus", "Caduceus: masked language models and classifiers of DNA", read_caduceus, nullptr,
      build_caduceus);
}

}  // namespace lrpp
