#include <lrpp/framework/io/call.h>
#include <lrpp/framework/methods/composite_method.h>

namespace lrpp {
Json Method::record(const Model& model, const ExplainOptions& options) const {
  return provenance(model, "method", {{"name", name()}, {"parameters", parameters()}}, options);
}

void require_serves(const Method& method, const Model& model) {
  if (const auto* composite = dynamic_cast<const CompositeMethod*>(&method)) {
    composite->plan(model);  // says itself what is wrong and where
    return;
  }
  const std::string reason = method.rejects(model);
  require(reason.empty(), "method " + method.name(), "cannot explain this model: {}", reason);
}

std::string describe(const Method& method) { return describe(Call{method.name(), method.parameters()}); }

MethodPtr parse_method(const Registry& registry, const std::string& text) {
  const Call call = parse_call(text, "method");
  return registry.make_method(call.name, call.parameters);
}

}  // namespace lrpp
