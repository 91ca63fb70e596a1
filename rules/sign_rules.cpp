#include <lrpp/rules/checks.h>
#include <lrpp/rules/linear_view.h>
#include <lrpp/rules/sign_rules.h>

#include <cmath>

namespace lrpp::rules {
namespace {

Tensor positive_part(const Tensor& w) { return w.clamp_min(0); }
Tensor negative_part(const Tensor& w) { return w.clamp_max(0); }

}  // namespace

/// A part's denominator z, its bias (undefined for none) and its signal s = factor R / z.
struct SignRule::Divided {
  Tensor bias, z, stabilized, s;
};

/// Inputs and weights cut by their sign: what several parts read is made once, and what none reads never.
class SignRule::Halves {
 public:
  Halves(const Op& op, const Kept& kept, bool any_lowering) : view_(op.linear_map(kept)), x_(kept.input(0)) {
    signs_ = !kept.input_meta(0).nonnegative;
    positive_ = view_->with_weights(positive_part);
    if (signs_ || any_lowering) negative_ = view_->with_weights(negative_part);
    up_ = signs_ ? x_.clamp_min(0) : x_;
    if (signs_) down_ = x_.clamp_max(0);
  }

  /// Whether some input may be negative.
  bool signs() const { return signs_; }
  const Tensor& x() const { return x_; }
  Tensor bias() const { return view_->bias(); }
  /// The weights that make raising (or lowering) contributions of positive, or of negative inputs.
  const LinearMap& weights(bool raising, bool of_positive) const {
    return raising == of_positive ? *positive_ : *negative_;
  }
  Tensor contributions(bool raising) const {
    const Tensor z = weights(raising, true).apply(up_);
    return signs_ ? z + weights(raising, false).apply(down_) : z;
  }

 private:
  std::unique_ptr<LinearMap> view_, positive_, negative_;
  Tensor x_, up_, down_;
  bool signs_;
};

SignRule::SignRule(double alpha, double beta, double stabilizer, bool zero_bias)
    : stabilizer_(stabilizer), zero_bias_(zero_bias) {
  if (alpha != 0) parts_.push_back({alpha, /*raising=*/true});
  if (beta != 0) parts_.push_back({-beta, /*raising=*/false});
}

std::string SignRule::rejects(const Op& op) const { return lacks_signed_weights(name(), op); }

Needs SignRule::needs(const Op& op) const { return op.linear_map_needs() + Needs::only_inputs({0}); }

SignRule::Divided SignRule::divide(const Halves& halves, const Part& part, const Tensor& relevance) const {
  Divided d;
  d.z = halves.contributions(part.raising);
  // The bias counts once: as the weight of an input that is always 1.
  if (const Tensor bias = halves.bias(); !zero_bias_ && bias.defined()) {
    d.bias = part.raising ? positive_part(bias) : negative_part(bias);
    d.z = d.z + d.bias;
  }
  d.stabilized = stabilizer_ > 0 ? stabilize(d.z, stabilizer_) : d.z;
  d.s = part.factor == 1 ? relevance / d.stabilized : relevance * part.factor / d.stabilized;
  if (stabilizer_ == 0) d.s = d.s.masked_fill(d.z == 0, 0);
  return d;
}

Tensors SignRule::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  const Halves halves(op, kept, parts_.size() > 1);
  Tensor positive, negative;  // what positive and negative inputs are multiplied with
  for (const Part& part : parts_) {
    const Tensor s = divide(halves, part, outputs.at(0)).s;
    positive = add_defined(positive, halves.weights(part.raising, true).transpose(s));
    if (halves.signs()) negative = add_defined(negative, halves.weights(part.raising, false).transpose(s));
  }
  Tensors inputs(static_cast<size_t>(op.num_inputs()));
  inputs[0] = negative.defined() ? at::where(halves.x() > 0, positive, negative) : positive;
  return inputs;
}

Absorbed SignRule::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  Absorbed absorbed;
  const Tensor& relevance = passage.outputs.at(0);
  const Halves halves(op, all, parts_.size() > 1);
  Tensor claimed;  // how much of each output's relevance the parts take in
  for (const Part& part : parts_) {
    const Divided d = divide(halves, part, relevance);
    if (d.bias.defined()) absorbed.bias = add_defined(absorbed.bias, dot_per_example(d.bias, d.s));
    absorbed.stabilizer = add_defined(absorbed.stabilizer, dot_per_example(d.stabilized - d.z, d.s));
    Tensor share = at::full_like(relevance, part.factor);
    if (stabilizer_ == 0) share = share.masked_fill(d.z == 0, 0);
    claimed = add_defined(claimed, share);
  }
  absorbed.by_rule = dot_per_example(relevance, 1 - claimed);
  return absorbed;
}

ZPlus::ZPlus(ZPlusParameters parameters)
    : SignRule(1, 0, parameters.stabilizer, parameters.zero_bias), parameters_(parameters) {
  require_at_least_0("rule z-plus", "stabilizer", parameters.stabilizer);
}

AlphaBeta::AlphaBeta(AlphaBetaParameters parameters)
    : SignRule(parameters.alpha, parameters.beta, parameters.stabilizer, parameters.zero_bias),
      parameters_(parameters) {
  require_at_least_0("rule alpha-beta", "alpha", parameters.alpha);
  require_at_least_0("rule alpha-beta", "beta", parameters.beta);
  require_at_least_0("rule alpha-beta", "stabilizer", parameters.stabilizer);
  // The differences of decimal fractions such as 1.1 - 0.1 are off by a rounding or two.
  require(std::abs(parameters.alpha - parameters.beta - 1) < 1e-9, "rule alpha-beta",
          "alpha - beta must be 1; got {} - {}", parameters.alpha, parameters.beta);
}

}  // namespace lrpp::rules
