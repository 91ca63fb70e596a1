#include <lrpp/rules/checks.h>
#include <lrpp/rules/linear_view.h>
#include <lrpp/rules/sign_rules.h>

#include <cmath>

namespace lrpp::rules {
namespace {

Tensor positive_part(const Tensor& w) { return w.clamp_min(0); }
Tensor negative_part(const Tensor& w) { return w.clamp_max(0); }

/// w + gamma w^+, or w + gamma w^-.
auto raised(double gamma, bool positive) {
  return [gamma, positive](const Tensor& w) {
    return at::add(w, positive ? positive_part(w) : negative_part(w), gamma);
  };
}

}  // namespace

/// A part's maps for positive and negative inputs, its denominator z and its signal s = factor R / z.
struct SignRule::Divided {
  std::unique_ptr<LinearMap> positive, negative;  ///< negative: null where no input is negative
  Tensor bias;                                    ///< the part's bias; undefined for none
  Tensor z, stabilized, s;
};

std::string SignRule::rejects(const Op& op) const {
  const bool fits = has_linear_view(op) && op.kind() != OpKind::wiring && op.has_explicit_weights();
  return fits ? ""
              : fmt::format("{} needs a linear op whose weights can be told apart by their sign", name());
}

Needs SignRule::needs(const Op& op) const {
  Needs needs = op.linear_map_needs() + Needs::only_inputs({0});
  const bool by_sign = settings_.parts.front().outputs != Outputs::all;
  return by_sign ? needs + Needs::only_outputs({0}) : needs;
}

Tensor SignRule::mask(const Part& part, const Kept& kept) const {
  if (part.outputs == Outputs::all) return {};
  const Tensor& y = kept.output(0);
  return part.outputs == Outputs::positive ? y > settings_.threshold : y < settings_.threshold;
}

SignRule::Divided SignRule::divide(const Op& op, const Part& part, const Kept& kept,
                                   const Tensor& relevance) const {
  const Tensor& x = kept.input(0);
  const auto view = op.linear_map(kept);
  Divided d;
  d.positive = view->with_weights(part.positive);
  if (kept.input_meta(0).nonnegative) {
    d.z = d.positive->apply(x);
  } else {
    d.negative = view->with_weights(part.negative);
    d.z = d.positive->apply(x.clamp_min(0)).add_(d.negative->apply(x.clamp_max(0)));
  }
  // The bias counts once: as the weight of an input that is always 1.
  if (!settings_.zero_bias && view->bias().defined()) {
    d.bias = part.positive(view->bias());
    d.z.add_(d.bias);
  }
  d.stabilized = settings_.stabilizer > 0 ? stabilize(d.z, settings_.stabilizer) : d.z;
  d.s = part.factor == 1 ? relevance / d.stabilized : relevance * part.factor / d.stabilized;
  const Tensor chosen = mask(part, kept);
  if (chosen.defined()) d.s = d.s * chosen;
  if (settings_.stabilizer == 0) d.s = d.s.masked_fill(d.z == 0, 0);
  return d;
}

Tensors SignRule::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  const Tensor& x = kept.input(0);
  Tensor positive, negative;  // what positive and negative inputs are multiplied with
  for (const Part& part : settings_.parts) {
    const Divided d = divide(op, part, kept, outputs.at(0));
    positive = add_defined(positive, d.positive->transpose(d.s));
    if (d.negative) negative = add_defined(negative, d.negative->transpose(d.s));
  }
  Tensors inputs(static_cast<size_t>(op.num_inputs()));
  inputs[0] = negative.defined() ? at::where(x > 0, positive, negative) : positive;
  return inputs;
}

Absorbed SignRule::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  Absorbed absorbed;
  const Tensor& relevance = passage.outputs.at(0);
  Tensor claimed;  // how much of each output's relevance the parts take in
  for (const Part& part : settings_.parts) {
    const Divided d = divide(op, part, all, relevance);
    if (d.bias.defined()) absorbed.bias = add_defined(absorbed.bias, dot_per_example(d.bias, d.s));
    absorbed.stabilizer = add_defined(absorbed.stabilizer, dot_per_example(d.stabilized - d.z, d.s));
    const Tensor chosen = mask(part, all);
    Tensor share = chosen.defined() ? chosen.to(relevance.scalar_type()) * part.factor
                                    : at::full_like(relevance, part.factor);
    if (settings_.stabilizer == 0) share = share.masked_fill(d.z == 0, 0);
    claimed = add_defined(claimed, share);
  }
  absorbed.by_rule = dot_per_example(relevance, 1 - claimed);
  return absorbed;
}

ZPlus::ZPlus(ZPlusParameters parameters)
    : SignRule({{{1, positive_part, negative_part}}, parameters.stabilizer, 0, parameters.zero_bias}),
      parameters_(parameters) {
  require_at_least_0("rule z-plus", "stabilizer", parameters.stabilizer);
}

AlphaBeta::AlphaBeta(AlphaBetaParameters parameters)
    : SignRule({{{parameters.alpha, positive_part, negative_part},
                 {-parameters.beta, negative_part, positive_part}},
                parameters.stabilizer,
                0,
                parameters.zero_bias}),
      parameters_(parameters) {
  require_at_least_0("rule alpha-beta", "alpha", parameters.alpha);
  require_at_least_0("rule alpha-beta", "beta", parameters.beta);
  require_at_least_0("rule alpha-beta", "stabilizer", parameters.stabilizer);
  // The differences of decimal fractions such as 1.1 - 0.1 are off by a rounding or two.
  require(std::abs(parameters.alpha - parameters.beta - 1) < 1e-9, "rule alpha-beta",
          "alpha - beta must be 1; got {} - {}", parameters.alpha, parameters.beta);
}

Gamma::Gamma(GammaParameters parameters)
    : SignRule({{{1, raised(parameters.gamma, true), raised(parameters.gamma, false), Outputs::positive},
                 {1, raised(parameters.gamma, false), raised(parameters.gamma, true), Outputs::negative}},
                parameters.stabilizer,
                0,
                parameters.zero_bias}),
      parameters_(parameters) {
  require_at_least_0("rule gamma", "gamma", parameters.gamma);
  require_at_least_0("rule gamma", "stabilizer", parameters.stabilizer);
}

GeneralizedGamma::GeneralizedGamma(GeneralizedGammaParameters parameters)
    : SignRule({{{1, raised(parameters.gamma, true), raised(parameters.gamma, false), Outputs::positive},
                 {1, raised(parameters.gamma, false), raised(parameters.gamma, true), Outputs::negative}},
                parameters.stabilizer,
                parameters.threshold,
                false}),
      parameters_(parameters) {
  require_at_least_0("rule generalized-gamma", "gamma", parameters.gamma);
  require_at_least_0("rule generalized-gamma", "threshold", parameters.threshold);
  require_at_least_0("rule generalized-gamma", "stabilizer", parameters.stabilizer);
}

}  // namespace lrpp::rules
