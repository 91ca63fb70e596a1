// A plugin with a planted bug: a rule that claims to conserve and loses a hundredth. The audit must find and
// name it.
#include <lrpp/framework/plugin.h>
#include <lrpp/rules/identity.h>

namespace {

class Leaky final : public lrpp::RuleWith<lrpp::NoParameters> {
 public:
  using RuleWith::RuleWith;
  std::string_view name() const override { return "leaky"; }
  std::string rejects(const lrpp::Op& op) const override { return identity_.rejects(op); }
  lrpp::Needs needs(const lrpp::Op& op) const override { return identity_.needs(op); }
  lrpp::Tensors propagate(const lrpp::Op& op, const lrpp::Kept& kept,
                          const lrpp::Tensors& outputs) const override {
    return {identity_.propagate(op, kept, outputs).at(0) * 0.99};
  }

 private:
  lrpp::rules::Identity identity_;
};

void register_leaky(lrpp::Registry& registry) {
  registry.add_rule<Leaky>("leaky", "loses a hundredth: R_in < R_out", "nowhere", true);
}

}  // namespace

LRPP_PLUGIN(leaky, register_leaky)
