#include <lrpp/framework/io/suggest.h>
#include <lrpp/rules/checks.h>
#include <lrpp/rules/composite_parts.h>
#include <lrpp/rules/constant_norm.h>
#include <lrpp/rules/epsilon.h>
#include <lrpp/rules/gamma.h>
#include <lrpp/rules/hold.h>
#include <lrpp/rules/pass.h>

namespace lrpp::rules {
namespace {

struct TransformerArguments {
  std::string variant = "lxt";  ///< "paper", or "lxt" where LXT departs from it
  double epsilon = 0;           ///< of the epsilon rule on linear layers
  double linear_gamma = 0;      ///< above 0: the gamma rule on linear layers
  double conv_gamma = 0;        ///< above 0: the gamma rule on convolutions
};

RulePtr linear_rule(double gamma, double epsilon) {
  if (gamma > 0) return std::make_shared<Gamma>(GammaParameters{gamma});
  return std::make_shared<Epsilon>(EpsilonParameters{epsilon});
}

Composite transformer(const TransformerArguments& p, const std::string& name) {
  require(p.variant == "paper" || p.variant == "lxt", "composite " + name,
          "variant must be 'paper' or 'lxt'; got '{}'", p.variant);
  require_at_least_0("composite " + name, "linear_gamma", p.linear_gamma);
  require_at_least_0("composite " + name, "conv_gamma", p.conv_gamma);
  const RulePtr convolution = linear_rule(p.conv_gamma, p.epsilon);
  const RulePtr linear = linear_rule(p.linear_gamma, p.epsilon);
  Composite composite;
  add_entries(composite, {
                             {of_op({"conv1d", "conv2d"}), convolution},
                             {of_kind({OpKind::linear}), linear},
                             {of_kind({OpKind::norm}), std::make_shared<ConstantNorm>()},
                             wiring_entry(),
                         });
  return composite;
}

/// LayerNorm: in the paper (proposition 3.4) relevance passes it unchanged, so that neither the mean nor the
/// bias keeps a share; LXT holds 1/std and lets the gradient through the mean. On norms without mean and bias
/// both are the same, and the multiplier needs no division.
Composite attn_lrp(const Registry&, const TransformerArguments& p) {
  Composite composite = transformer(p, "attn-lrp");
  if (p.variant == "paper") {
    composite.entries.insert(composite.entries.begin(), {of_op({"layer_norm"}), std::make_shared<Pass>()});
  }
  add_entries(composite, product_entries());
  add_entries(composite, identity_entries());
  return composite;
}

/// Its paper holds 1/std and keeps the mean linear (Ali et al. 2022, arXiv:2202.07304, section 4, "LN-rule"),
/// as LXT does: both variants are the same.
Composite cp_lrp(const Registry&, const TransformerArguments& p) {
  Composite composite = transformer(p, "cp-lrp");
  add_entries(composite,
              {
                  // Input 0 of the second product of attention are the weights, of a gate the branch.
                  {{.op = {"matmul"}, .name = "context"}, std::make_shared<Hold>(HoldParameters{0})},
                  {of_op({"gate"}), std::make_shared<Hold>(HoldParameters{1})},
              });
  add_entries(composite, product_entries());
  add_entries(composite, identity_entries());
  return composite;
}

}  // namespace

void register_transformer_composites(Registry& registry) {
  registry.add_composite<TransformerArguments>(
      "attn-lrp", "AttnLRP: products halved, softmax by its Taylor form, activations passed, norms held",
      attn_lrp);
  registry.add_composite<TransformerArguments>(
      "cp-lrp", "CP-LRP: attention weights and gates held, the rest as in attn-lrp", cp_lrp);
}

}  // namespace lrpp::rules
