#include <lrpp/rules/backprop.h>
#include <lrpp/rules/canonizers.h>
#include <lrpp/rules/composite_parts.h>
#include <lrpp/rules/constant_norm.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/fused/attention.h>
#include <lrpp/rules/gamma.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/rules/hold.h>
#include <lrpp/rules/identity.h>
#include <lrpp/rules/input_rules.h>
#include <lrpp/rules/pass.h>
#include <lrpp/rules/register.h>
#include <lrpp/rules/sign_rules.h>
#include <lrpp/rules/softmax_taylor.h>
#include <lrpp/rules/uniform.h>

namespace lrpp {

void register_rules(Registry& registry) {
  using namespace rules;
  registry.add_rule<Gradient>("gradient", "the plain gradient of the op", "vector-Jacobian product", false);
  registry.add_rule<Epsilon>("epsilon", "shares relevance by contribution to a stabilised output; 0 is LRP-0",
                             "Bach et al. 2015, eq. 58", true);
  registry.add_rule<Identity>("identity", "an activation passes its relevance through",
                              "MambaLRP, arXiv:2406.07592", true);
  registry.add_rule<ConstantNorm>("constant-norm", "a norm with 1/rms or 1/std held constant",
                                  "MambaLRP, arXiv:2406.07592", true);
  registry.add_rule<LnRule>("ln-rule", "constant-norm by the name that Transformers know",
                            "Ali et al. 2022, arXiv:2202.07304", true);
  registry.add_rule<Half>("half", "each factor of a product gets half", "MambaLRP, arXiv:2406.07592", true);
  registry.add_rule<Hold>("hold", "everything but the data is held constant", "MambaLRP, arXiv:2406.07592",
                          true);
  registry.add_rule<Pass>("pass", "relevance passes unchanged, element by element", "by definition", true);
  registry.add_rule<Uniform>("uniform", "each input of a sum or product gets an equal share",
                             "Achtibat et al. 2024, arXiv:2402.05602", true);
  registry.add_rule<Norm>("norm", "epsilon by Zennit's name for sums and average pooling",
                          "Bach et al. 2015, eq. 58", true);
  registry.add_rule<ZPlus>("z-plus", "only contributions that raise the output count",
                           "Montavon et al. 2017, doi:10.1016/j.patcog.2016.11.008", true);
  registry.add_rule<AlphaBeta>("alpha-beta",
                               "alpha times the positive contributions minus beta times the negative",
                               "Bach et al. 2015, eq. 60", true);
  registry.add_rule<Gamma>("gamma", "contributions of the output's own sign count 1 + gamma times",
                           "Montavon et al. 2019, doi:10.1007/978-3-030-28954-6_10, eq. 10.11", true);
  registry.add_rule<GeneralizedGamma>("generalized-gamma",
                                      "gamma as MambaLRP's authors apply it: not stabilised",
                                      "MambaLRP, arXiv:2406.07592", true);
  registry.add_rule<Flat>("flat", "every input that an output sees gets an equal share",
                          "Lapuschkin et al. 2019, doi:10.1038/s41467-019-08987-4", true);
  registry.add_rule<WSquare>("w-square", "shares by squared weights, whatever the values",
                             "Montavon et al. 2017, doi:10.1016/j.patcog.2016.11.008, eq. 13", true);
  registry.add_rule<ZBox>("z-box", "shares by contribution within the bounds of the input",
                          "Montavon et al. 2017, doi:10.1016/j.patcog.2016.11.008, eq. 15", true);
  registry.add_rule<SoftmaxTaylor>("softmax-taylor", "softmax by its first-order Taylor form",
                                   "Achtibat et al. 2024, arXiv:2402.05602, proposition 3.1", false);
  registry.add_rule<GuidedBackprop>("guided-backprop",
                                    "a ReLU passes a positive gradient where its input is positive",
                                    "Springenberg et al. 2015, arXiv:1412.6806", false);
  registry.add_rule<DeconvNet>("deconvnet", "a ReLU passes a positive gradient, whatever its input",
                               "Zeiler and Fergus 2014, arXiv:1311.2901", false);
  registry.add_fusion(attention_fusion());
  register_canonizers(registry);
  register_general_composites(registry);
  register_cnn_composites(registry);
  register_transformer_composites(registry);
}

}  // namespace lrpp
