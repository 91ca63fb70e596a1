#include <lrpp/rules/composites.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/rules/hold.h>
#include <lrpp/rules/identity.h>
#include <lrpp/rules/linear_rules.h>

namespace lrpp::rules {
namespace {

Match of_kind(std::vector<OpKind> kinds) { return {{}, std::nullopt, std::move(kinds)}; }
Match of_op(std::vector<std::string> types) { return {std::move(types), std::nullopt, {}}; }

Composite lrp(double epsilon) {
  const auto linear = std::make_shared<Epsilon>(EpsilonParameters{epsilon});
  Composite composite;
  composite.entries = {
      {of_kind({OpKind::linear, OpKind::held_linear}), linear},
      {of_kind({OpKind::wiring}), std::make_shared<Epsilon>(EpsilonParameters{0})},
      {of_kind({OpKind::norm}), std::make_shared<ConstantNorm>()},
      {of_kind({OpKind::product}), std::make_shared<Half>()},
      // softplus(0) is not 0, so that it has no factor; it makes time steps, which nothing reaches unless a
      // rule lets relevance into them.
      {of_op({"softplus"}), std::make_shared<Gradient>()},
      {of_kind({OpKind::activation}), std::make_shared<Identity>()},
  };
  return composite;
}

Composite all_gradient(Readout readout) {
  Composite composite;
  composite.entries = {{Match{}, std::make_shared<Gradient>()}};
  composite.readout = readout;
  return composite;
}

}  // namespace

void register_composites(Registry& registry) {
  registry.add_composite<NoParameters>(
      "lrp-0", "LRP-0 on linear maps, activations passed, norms held, products halved",
      [](const Registry&, const NoParameters&) { return lrp(0); });
  registry.add_composite<EpsilonParameters>(
      "lrp-epsilon", "as lrp-0 with LRP-epsilon on linear maps",
      [](const Registry&, const EpsilonParameters& p) { return lrp(p.epsilon); });
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
