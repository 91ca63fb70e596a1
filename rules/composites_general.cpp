#include <lrpp/rules/composite_parts.h>
#include <lrpp/rules/constant_norm.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/gradient.h>

namespace lrpp::rules {
namespace {

struct EpsilonOnly {
  double epsilon = 1e-6;
};

Composite lrp(double epsilon) {
  const auto linear = std::make_shared<Epsilon>(EpsilonParameters{epsilon});
  Composite composite;
  composite.entries = {
      {of_kind({OpKind::linear, OpKind::held_linear}), linear},
      {of_kind({OpKind::norm}), std::make_shared<ConstantNorm>()},
      wiring_entry(),
  };
  add_entries(composite, product_entries());
  add_entries(composite, identity_entries());
  return composite;
}

Composite all_gradient(Readout readout) {
  Composite composite;
  composite.entries = {{Match{}, std::make_shared<Gradient>()}};
  composite.readout = readout;
  return composite;
}

}  // namespace

void register_general_composites(Registry& registry) {
  registry.add_composite<NoParameters>(
      "lrp-0", "LRP-0 on linear maps, activations passed, norms held, products halved",
      [](const Registry&, const NoParameters&) { return lrp(0); });
  registry.add_composite<EpsilonOnly>("lrp-epsilon", "as lrp-0 with LRP-epsilon on linear maps",
                                      [](const Registry&, const EpsilonOnly& p) { return lrp(p.epsilon); });
  registry.add_composite<NoParameters>(
      "gradient", "the plain gradient, read out as it is",
      [](const Registry&, const NoParameters&) { return all_gradient(Readout::multiplier); });
  registry.add_composite<NoParameters>(
      "gradient-x-input", "the plain gradient times the input",
      [](const Registry&, const NoParameters&) { return all_gradient(Readout::relevance); });
  registry.add_composite<NoParameters>(
      "ln-rule", "gradient x input with the norms' statistics held (Ali et al. 2022)",
      [](const Registry&, const NoParameters&) {
        Composite composite = all_gradient(Readout::relevance);
        composite.entries.insert(composite.entries.begin(),
                                 {of_kind({OpKind::norm}), std::make_shared<LnRule>()});
        return composite;
      });
}

}  // namespace lrpp::rules
