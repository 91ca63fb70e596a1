#include <lrpp/framework/error.h>
#include <lrpp/framework/io/call.h>

#include <vector>

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

Call parse_call(const std::string& text, std::string_view where) {
  const size_t open = text.find('(');
  if (open == text.npos) return {trimmed(text)};
  require(text.back() == ')', where,
          "parameters stand in brackets at the end, as name(samples=50,noise=0.1); got '{}'", text);
  const std::string inside = trimmed(text.substr(open + 1, text.size() - open - 2));
  Call call{trimmed(text.substr(0, open))};
  for (const std::string& part : inside.empty() ? std::vector<std::string>{} : split_parameters(inside)) {
    const size_t equals = part.find('=');
    require(equals != part.npos, where, "a parameter is written name=value; got '{}' in '{}'", part, text);
    const std::string key = trimmed(part.substr(0, equals)), value = trimmed(part.substr(equals + 1));
    require(!call.parameters.contains(key), where, "'{}' is given more than once in '{}'", key, text);
    Json parsed = Json::parse(value, nullptr, /*allow_exceptions=*/false);
    call.parameters[key] = parsed.is_discarded() ? Json(value) : std::move(parsed);
  }
  return call;
}

std::string describe(const Call& call) {
  std::string list;
  for (const auto& [key, value] : call.parameters.items())
    list += fmt::format("{}{}={}", list.empty() ? "" : ",", key, value.dump());
  return list.empty() ? call.name : fmt::format("{}({})", call.name, list);
}

}  // namespace lrpp
