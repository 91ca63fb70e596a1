#include <lrpp/rules/composites.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/rules/hold.h>
#include <lrpp/rules/identity.h>
#include <lrpp/rules/linear_rules.h>
#include <lrpp/rules/pass.h>
#include <lrpp/rules/register.h>
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
  register_composites(registry);
}

}  // namespace lrpp
