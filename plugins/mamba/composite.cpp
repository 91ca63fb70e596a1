#include <lrpp/plugins/mamba/composite.h>
#include <lrpp/rules/composite_parts.h>

namespace lrpp::mamba {
namespace {

void add(Composite& composite, Match match, RulePtr rule) {
  composite.entries.push_back({std::move(match), std::move(rule)});
}

}  // namespace

Composite mamba_lrp(const Registry& registry, const MambaLrpParameters& parameters) {
  const auto rule = [&](std::string_view name, const Json& arguments = Json::object()) {
    return registry.make_rule(name, arguments);
  };
  Composite composite;
  add(composite, {.kind = {OpKind::held_linear}}, rule("hold"));
  // Input 0 of the second product of attention are the weights. Nothing reaches what makes them.
  add(composite, {.op = {"matmul"}, .name = "context"}, rule("hold", {{"factor", 0}}));
  add(composite, {.kind = {OpKind::product}}, rule("half"));
  add(composite, {.kind = {OpKind::softmax}}, rule("gradient"));
  rules::add_entries(composite, rules::identity_entries(parameters.stabilizer));
  add(composite, {.kind = {OpKind::norm}}, rule("constant-norm"));
  add(composite, {.kind = {OpKind::linear}}, rule("epsilon", {{"epsilon", parameters.epsilon}}));
  composite.entries.push_back(rules::wiring_entry());
  return composite;
}

Composite mamba_lrp_without(const Registry& registry, const MambaLrpParameters& parameters,
                            const std::vector<std::string>& ops) {
  const RulePtr gradient = registry.make_rule("gradient");
  Composite composite = mamba_lrp(registry, parameters);
  composite.entries.insert(composite.entries.begin(), {Match{.op = ops}, gradient});
  return composite;
}

Composite mamba_lrp_vision(const Registry& registry, const MambaLrpVisionParameters& parameters) {
  const RulePtr gamma = registry.make_rule("generalized-gamma", {{"gamma", parameters.gamma}});
  Composite composite = mamba_lrp(registry, {parameters.epsilon, parameters.stabilizer});
  composite.entries.insert(composite.entries.begin(), {Match{.op = {"conv1d"}}, gamma});
  return composite;
}

}  // namespace lrpp::mamba
