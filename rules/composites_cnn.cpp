#include <lrpp/rules/backprop.h>
#include <lrpp/rules/composite_parts.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/gamma.h>
#include <lrpp/rules/gradient.h>
#include <lrpp/rules/input_rules.h>
#include <lrpp/rules/pass.h>
#include <lrpp/rules/sign_rules.h>

namespace lrpp::rules {
namespace {

/// The arguments have the names that Zennit gives them.
struct PlusArguments {
  double epsilon = 1e-6;
  double stabilizer = 1e-6;
  bool canonize = true;  ///< fold batch norms, take dropout out
};

struct GammaBoxArguments {
  std::vector<double> low, high;  ///< bounds of the pixels; see the rule z-box
  double gamma = 0.25;
  double epsilon = 1e-6;
  double stabilizer = 1e-6;
  bool canonize = true;
};

struct CanonizeArgument {
  bool canonize = true;
};

struct BackpropArguments {
  double stabilizer = 1e-6;
  bool canonize = true;
};

const std::vector<std::string> convolutions{"conv1d", "conv2d"};

void canonize(const Registry& registry, Composite& composite, bool wanted) {
  if (!wanted) return;
  composite.canonizers = {registry.canonizer("remove-dropout"), registry.canonizer("merge-batch-norm")};
}

/// What Zennit's composites for images have in common: `convolution` on convolutions, epsilon on other linear
/// layers, activations and norms passed, sums and average pooling shared by contribution. What they do not
/// know (attention, gates, state spaces) is treated as in the other composites.
Composite layered(const RulePtr& first, const Match& first_of, const RulePtr& convolution, double epsilon,
                  double stabilizer) {
  const auto linear = std::make_shared<Epsilon>(EpsilonParameters{epsilon});
  const auto sum = std::make_shared<Norm>(NormParameters{stabilizer});
  Composite composite;
  if (first) {
    Match match = first_of;
    match.which = Which::first;
    composite.entries.push_back({match, first});
  }
  add_entries(composite, {
                             {of_op(convolutions), convolution},
                             {of_kind({OpKind::linear}), linear},
                             {of_kind({OpKind::activation, OpKind::norm}), std::make_shared<Pass>()},
                             {of_op({"add", "avg_pool2d", "adaptive_avg_pool2d"}), sum},
                             wiring_entry(),
                         });
  add_entries(composite, product_entries());
  return composite;
}

Match linear_layers() { return of_kind({OpKind::linear}); }

Composite epsilon_plus(const Registry& registry, const PlusArguments& p, bool flat) {
  Composite composite =
      layered(flat ? std::make_shared<Flat>(FlatParameters{p.stabilizer}) : RulePtr{}, linear_layers(),
              std::make_shared<ZPlus>(ZPlusParameters{p.stabilizer}), p.epsilon, p.stabilizer);
  canonize(registry, composite, p.canonize);
  return composite;
}

Composite epsilon_alpha_beta(const Registry& registry, const PlusArguments& p, bool flat) {
  Composite composite =
      layered(flat ? std::make_shared<Flat>(FlatParameters{p.stabilizer}) : RulePtr{}, linear_layers(),
              std::make_shared<AlphaBeta>(AlphaBetaParameters{2, 1, p.stabilizer}), p.epsilon, p.stabilizer);
  canonize(registry, composite, p.canonize);
  return composite;
}

Composite epsilon_gamma_box(const Registry& registry, const GammaBoxArguments& p) {
  Composite composite =
      layered(std::make_shared<ZBox>(ZBoxParameters{p.low, p.high, p.stabilizer}), of_op(convolutions),
              std::make_shared<Gamma>(GammaParameters{p.gamma, p.stabilizer}), p.epsilon, p.stabilizer);
  canonize(registry, composite, p.canonize);
  return composite;
}

Composite excitation_backprop(const Registry& registry, const BackpropArguments& p) {
  const auto linear = std::make_shared<ZPlus>(ZPlusParameters{p.stabilizer});
  const auto sum = std::make_shared<Norm>(NormParameters{p.stabilizer});
  Composite composite;
  composite.entries = {
      {of_kind({OpKind::linear}), linear},
      {of_op({"add", "avg_pool2d", "adaptive_avg_pool2d"}), sum},
      {Match{}, std::make_shared<Gradient>()},
  };
  canonize(registry, composite, p.canonize);
  return composite;
}

Composite relu_backprop(const Registry& registry, const RulePtr& relu, bool wants_canonized) {
  Composite composite;
  composite.entries = {{of_op({"relu"}), relu}, {Match{}, std::make_shared<Gradient>()}};
  composite.readout = Readout::multiplier;
  canonize(registry, composite, wants_canonized);
  return composite;
}

}  // namespace

void register_cnn_composites(Registry& registry) {
  registry.add_composite<PlusArguments>(
      "epsilon-plus", "z-plus on convolutions, epsilon on linear layers",
      [](const Registry& r, const PlusArguments& p) { return epsilon_plus(r, p, /*flat=*/false); });
  registry.add_composite<PlusArguments>(
      "epsilon-plus-flat", "as epsilon-plus, flat on the first layer",
      [](const Registry& r, const PlusArguments& p) { return epsilon_plus(r, p, /*flat=*/true); });
  registry.add_composite<PlusArguments>(
      "epsilon-alpha2-beta1", "alpha-beta with 2 and 1 on convolutions, epsilon on linear layers",
      [](const Registry& r, const PlusArguments& p) { return epsilon_alpha_beta(r, p, /*flat=*/false); });
  registry.add_composite<PlusArguments>(
      "epsilon-alpha2-beta1-flat", "as epsilon-alpha2-beta1, flat on the first layer",
      [](const Registry& r, const PlusArguments& p) { return epsilon_alpha_beta(r, p, /*flat=*/true); });
  registry.add_composite<GammaBoxArguments>(
      "epsilon-gamma-box", "z-box on the first convolution, gamma on the others, epsilon on linear layers",
      epsilon_gamma_box);
  registry.add_composite<BackpropArguments>(
      "excitation-backprop", "z-plus on linear layers and convolutions, the gradient on activations",
      excitation_backprop);
  registry.add_composite<CanonizeArgument>(
      "guided-backprop", "the gradient, of which ReLU passes what is positive; read out as it is",
      [](const Registry& r, const CanonizeArgument& p) {
        return relu_backprop(r, std::make_shared<GuidedBackprop>(), p.canonize);
      });
  registry.add_composite<CanonizeArgument>(
      "deconvnet",
      "the gradient, of which ReLU passes what is positive whatever its input; read out as it is",
      [](const Registry& r, const CanonizeArgument& p) {
        return relu_backprop(r, std::make_shared<DeconvNet>(), p.canonize);
      });
}

}  // namespace lrpp::rules
