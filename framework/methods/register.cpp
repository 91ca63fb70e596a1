#include <lrpp/framework/methods/integrated_gradients.h>
#include <lrpp/framework/methods/occlusion.h>
#include <lrpp/framework/methods/random.h>
#include <lrpp/framework/methods/register.h>
#include <lrpp/framework/methods/rollout.h>
#include <lrpp/framework/methods/smooth_grad.h>

namespace lrpp {

void register_methods(Registry& registry) {
  registry.add_method<RandomParameters>(
      "random", "relevance by chance: what others must beat", "by definition",
      [](const Registry&, const RandomParameters& p) { return std::make_shared<RandomMethod>(p); });
  registry.add_method<SmoothGradParameters>(
      "smooth-grad", "the mean gradient at the input with noise added, times the input",
      "Smilkov et al. 2017, arXiv:1706.03825", [](const Registry& known, const SmoothGradParameters& p) {
        return std::make_shared<SmoothGrad>(p, known.make_composite("gradient"));
      });
  registry.add_method<IntegratedGradientsParameters>(
      "integrated-gradients", "the mean gradient on the way from a baseline, times the way",
      "Sundararajan et al. 2017, arXiv:1703.01365",
      [](const Registry& known, const IntegratedGradientsParameters& p) {
        return std::make_shared<IntegratedGradients>(p, known.make_composite("gradient"));
      });
  registry.add_method<OcclusionParameters>(
      "occlusion", "what the score loses when a token or patch is replaced",
      "Zeiler and Fergus 2014, arXiv:1311.2901",
      [](const Registry&, const OcclusionParameters& p) { return std::make_shared<Occlusion>(p); });
  registry.add_method<NoParameters>(
      "attention-rollout", "attention weights of all layers, multiplied",
      "Abnar and Zuidema 2020, arXiv:2005.00928", [](const Registry&, const NoParameters&) {
        return std::make_shared<Rollout>(RolloutDescription{"attention-rollout", {attention_mixing()}});
      });
}

}  // namespace lrpp
