// A plugin outside the project, against the installed library: a rule by which an activation hands on a share
// of its relevance and absorbs the rest, R_in = keep R_out.
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/plugin.h>

namespace {

using namespace lrpp;

struct FadingParameters {
  double keep = 0.5;  ///< the share of relevance that passes
};

class Fading final : public RuleWith<FadingParameters> {
 public:
  using RuleWith::RuleWith;
  std::string_view name() const override { return "fading"; }
  std::string rejects(const Op& op) const override {
    const auto* activation = dynamic_cast<const Activation*>(&op);
    return activation && activation->has_factor() ? "" : "fading needs an activation";
  }
  Needs needs(const Op&) const override { return Needs::only_inputs({0}); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override {
    const Tensor factor = static_cast<const Activation&>(op).factor(kept.input(0));
    return {outputs.at(0) * factor * parameters_.keep};
  }
  Absorbed absorbed(const Op&, const Kept& all, const Passage& passage) const override {
    Absorbed absorbed;
    absorbed.by_rule = dot_per_example(all.output(0), passage.outputs.at(0)) * (1 - parameters_.keep);
    return absorbed;
  }
};

void register_fading(Registry& registry) {
  registry.add_rule<Fading>("fading", "an activation hands on a share of its relevance",
                            "an example, from no paper",
                            /*conserves=*/false);
}

}  // namespace

LRPP_PLUGIN(fading, register_fading)
