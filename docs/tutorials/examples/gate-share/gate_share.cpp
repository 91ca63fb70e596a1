// The plugin of docs/tutorials/your-own-rule.md. Tests load it as `lrpp --plugin` does.
#include <lrpp/framework/plugin.h>

namespace {

using namespace lrpp;

// [docs:rule]
struct GateShareParameters {
  double branch = 0.5;  ///< the branch's share; the gate gets the rest
};

/// The product of a branch and its gate gives the branch a share of its relevance and the gate the rest. A
/// share of 0.5 is MambaLRP's rule `half`. An idea to be measured, from no paper. Conserves.
class GateShare final : public RuleWith<GateShareParameters> {
 public:
  /// Throws UserError for a share outside [0, 1].
  explicit GateShare(GateShareParameters parameters = {}) : RuleWith(parameters) {
    require(parameters.branch >= 0 && parameters.branch <= 1, "rule gate-share",
            "branch must lie in [0, 1]; got {}", parameters.branch);
  }
  std::string_view name() const override { return "gate-share"; }
  std::string rejects(const Op& op) const override {
    return op.type() == "gate" ? "" : "gate-share needs the product of a branch and its gate";
  }
  Needs needs(const Op&) const override { return Needs::only_inputs({0, 1}); }
  Tensors propagate(const Op& op, const Kept& kept, const Tensors& outputs) const override {
    const Tensor& m = outputs.at(0);
    return {op.linear_map(kept, 0)->transpose(m) * parameters_.branch,
            op.linear_map(kept, 1)->transpose(m) * (1 - parameters_.branch)};
  }
};
// [/docs:rule]

// [docs:composite]
/// MambaLRP with that rule at its gates.
Composite mamba_lrp_gate_share(const Registry& registry, const GateShareParameters& parameters) {
  const RulePtr share = registry.make_rule("gate-share", {{"branch", parameters.branch}});
  Composite composite = registry.make_composite("mamba-lrp");
  composite.entries.insert(composite.entries.begin(), {{.op = {"gate"}}, share});
  return composite;
}
// [/docs:composite]

// [docs:register]
void register_gate_share(Registry& registry) {
  registry.add_rule<GateShare>("gate-share", "a gate's branch gets a share, the gate the rest",
                               "an idea, from no paper", /*conserves=*/true);
  registry.add_composite<GateShareParameters>("mamba-lrp-gate-share",
                                              "mamba-lrp with gate-share at its gates", mamba_lrp_gate_share);
}

}  // namespace

LRPP_PLUGIN(gate_share, register_gate_share)
// [/docs:register]
