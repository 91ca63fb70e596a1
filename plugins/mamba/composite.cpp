#include <lrpp/plugins/mamba/composite.h>

namespace lrpp::mamba {

Composite mamba_lrp(const Registry& registry, const MambaLrpParameters& parameters) {
  const auto entry = [&](std::vector<std::string> ops, std::string_view rule,
                         Json arguments = Json::object()) {
    // Made first: where it throws in the middle of the braces, GCC 12 destroys the names twice.
    RulePtr made = registry.make_rule(rule, arguments);
    return Composite::Entry{{std::move(ops), std::nullopt, {}}, std::move(made)};
  };
  Composite composite;
  composite.entries = {
      entry({"selective_scan"}, "hold"),
      entry({"gate"}, "half"),
      entry({"silu"}, "identity", {{"stabilizer", parameters.stabilizer}}),
      entry({"rms_norm"}, "constant-norm"),
      entry({"linear", "conv1d"}, "epsilon", {{"epsilon", parameters.epsilon}}),
      entry({"add", "split", "select_token", "cast"}, "epsilon", {{"epsilon", 0}}),
      // Makes the time steps: nothing reaches it while the scan's parameters are held.
      entry({"softplus"}, "gradient"),
  };
  return composite;
}

}  // namespace lrpp::mamba
