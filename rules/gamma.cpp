#include <lrpp/rules/checks.h>
#include <lrpp/rules/gamma.h>
#include <lrpp/rules/linear_view.h>

namespace lrpp::rules {
namespace {

/// w + gamma w^+.
Tensor more_positive(const Tensor& w, double gamma) { return at::add(w, w.clamp_min(0), gamma); }
/// w + gamma w^-.
Tensor more_negative(const Tensor& w, double gamma) { return at::add(w, w.clamp_max(0), gamma); }

/// Whether a signal is anything but zero. Only asked where the answer is there at once: a GPU would have to
/// be waited for.
bool may_be_nonzero(const Tensor& signal) { return !signal.is_cpu() || signal.any().item<bool>(); }

}  // namespace

/// The maps with changed weights, each made when it is first read.
class GammaRule::Maps {
 public:
  Maps(const Op& op, const Kept& kept, double gamma)
      : view_(op.linear_map(kept)), signs_(!kept.input_meta(0).nonnegative), gamma_(gamma) {}
  const LinearMap& plain() const { return *view_; }
  /// Whether some input may be negative.
  bool signs() const { return signs_; }
  const LinearMap& positive() const {
    if (!positive_)
      positive_ = view_->with_weights([&](const Tensor& w) { return more_positive(w, gamma_); });
    return *positive_;
  }
  const LinearMap& negative() const {
    if (!negative_)
      negative_ = view_->with_weights([&](const Tensor& w) { return more_negative(w, gamma_); });
    return *negative_;
  }

 private:
  std::unique_ptr<LinearMap> view_;
  bool signs_;
  double gamma_;
  mutable std::unique_ptr<LinearMap> positive_, negative_;
};

/// For each output whether it is positive or negative (between the two it is neither), z, and s = R / z.
struct GammaRule::Divided {
  Tensor is_positive, is_negative, z, stabilized, s;
};

std::string GammaRule::rejects(const Op& op) const { return lacks_signed_weights(name(), op); }

Needs GammaRule::needs(const Op& op) const {
  return op.linear_map_needs() + Needs::only_inputs({0}) + Needs::only_outputs({0});
}

GammaRule::Divided GammaRule::divide(const Maps& maps, const Kept& kept, const Tensor& relevance) const {
  const Tensor &x = kept.input(0), &output = kept.output(0);
  const Tensor bias = maps.plain().bias();
  Divided d;
  d.is_positive = output > settings_.threshold;
  d.is_negative = output < settings_.threshold;
  Tensor y = output;
  Tensor up = maps.positive().apply(maps.signs() ? x.clamp_min(0) : x);
  if (maps.signs()) up = up + maps.negative().apply(x.clamp_max(0));
  if (bias.defined() && settings_.zero_bias) y = y - bias;
  if (bias.defined() && !settings_.zero_bias) up = up + more_positive(bias, settings_.gamma);
  d.z = at::where(d.is_positive, up, at::sub(y * (2 + settings_.gamma), up));
  d.stabilized = settings_.stabilizer > 0 ? stabilize(d.z, settings_.stabilizer) : d.z;
  d.s = relevance / d.stabilized;
  const Tensor neither = ~(d.is_positive | d.is_negative);
  d.s = d.s.masked_fill(settings_.stabilizer == 0 ? neither | (d.z == 0) : neither, 0);
  return d;
}

Tensors GammaRule::propagate(const Op& op, const Kept& kept, const Tensors& outputs) const {
  const Maps maps(op, kept, settings_.gamma);
  const Divided d = divide(maps, kept, outputs.at(0));
  const Tensor s_positive = d.s * d.is_positive, s_negative = d.s * d.is_negative;
  // What positive inputs are multiplied with. After a ReLU, whose zeros carry no relevance, the second is
  // empty.
  Tensor multiplier = maps.positive().transpose(s_positive);
  if (may_be_nonzero(s_negative)) multiplier = multiplier + maps.negative().transpose(s_negative);
  if (maps.signs()) {
    const Tensor plain = maps.plain().transpose(d.s);
    const Tensor of_negative = at::sub(plain * (2 + settings_.gamma), multiplier);
    multiplier = at::where(kept.input(0) > 0, multiplier, of_negative);
  }
  Tensors inputs(static_cast<size_t>(op.num_inputs()));
  inputs[0] = multiplier;
  return inputs;
}

Absorbed GammaRule::absorbed(const Op& op, const Kept& all, const Passage& passage) const {
  const Tensor& relevance = passage.outputs.at(0);
  const Maps maps(op, all, settings_.gamma);
  const Divided d = divide(maps, all, relevance);
  Absorbed absorbed;
  if (const Tensor bias = maps.plain().bias(); bias.defined() && !settings_.zero_bias) {
    const Tensor counted =
        at::where(d.is_positive, more_positive(bias, settings_.gamma), more_negative(bias, settings_.gamma));
    absorbed.bias = dot_per_example(counted, d.s);
  }
  absorbed.stabilizer = dot_per_example(d.stabilized - d.z, d.s);
  Tensor passed = d.is_positive | d.is_negative;
  if (settings_.stabilizer == 0) passed = passed & (d.z != 0);
  absorbed.by_rule = dot_per_example(relevance, (~passed).to(relevance.scalar_type()));
  return absorbed;
}

Gamma::Gamma(GammaParameters parameters)
    : GammaRule({parameters.gamma, parameters.stabilizer, 0, parameters.zero_bias}), parameters_(parameters) {
  require_at_least_0("rule gamma", "gamma", parameters.gamma);
  require_at_least_0("rule gamma", "stabilizer", parameters.stabilizer);
}

GeneralizedGamma::GeneralizedGamma(GeneralizedGammaParameters parameters)
    : GammaRule({parameters.gamma, parameters.stabilizer, parameters.threshold, false}),
      parameters_(parameters) {
  require_at_least_0("rule generalized-gamma", "gamma", parameters.gamma);
  require_at_least_0("rule generalized-gamma", "threshold", parameters.threshold);
  require_at_least_0("rule generalized-gamma", "stabilizer", parameters.stabilizer);
}

}  // namespace lrpp::rules
