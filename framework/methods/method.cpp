#include <lrpp/framework/methods/method.h>

namespace lrpp {
namespace {

/// Splits at commas that lie outside of brackets and quotes.
std::vector<std::string> split_parameters(const std::string& text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  bool quoted = false;
  for (char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '[' || c == '{')) ++depth;
    if (!quoted && (c == ']' || c == '}')) --depth;
    if (c == ',' && depth == 0 && !quoted) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(' ');
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

}  // namespace

Json Method::record(const Model& model, const ExplainOptions& options) const {
  return provenance(model, "method", {{"name", name()}, {"parameters", parameters()}}, options);
}

void require_serves(const Method& method, const Model& model) {
  const std::string reason = method.rejects(model);
  require(reason.empty(), "method " + method.name(), "cannot explain this model: {}", reason);
}

std::string describe(const Method& method) {
  std::string list;
  for (const auto& [key, value] : method.parameters().items())
    list += fmt::format("{}{}={}", list.empty() ? "" : ",", key, value.dump());
  return list.empty() ? method.name() : fmt::format("{}({})", method.name(), list);
}

MethodPtr parse_method(const Registry& registry, const std::string& text) {
  const size_t open = text.find('(');
  if (open == text.npos) return registry.make_method(text);
  require(text.back() == ')', "method",
          "parameters stand in brackets at the end, as smooth-grad(samples=50,noise=0.1); got '{}'", text);
  const std::string inside = trimmed(text.substr(open + 1, text.size() - open - 2));
  Json parameters = Json::object();
  for (const std::string& part : inside.empty() ? std::vector<std::string>{} : split_parameters(inside)) {
    const size_t equals = part.find('=');
    require(equals != part.npos, "method", "a parameter is written name=value; got '{}' in '{}'", part, text);
    const std::string key = trimmed(part.substr(0, equals)), value = trimmed(part.substr(equals + 1));
    require(!parameters.contains(key), "method", "'{}' is given more than once in '{}'", key, text);
    Json parsed = Json::parse(value, nullptr, /*allow_exceptions=*/false);
    parameters[key] = parsed.is_discarded() ? Json(value) : std::move(parsed);
  }
  return registry.make_method(trimmed(text.substr(0, open)), parameters);
}

}  // namespace lrpp
