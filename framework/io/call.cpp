#include <lrpp/framework/error.h>
#include <lrpp/framework/io/call.h>

namespace lrpp {
namespace {

struct Parts {
  std::vector<std::string> list;
  bool closed = true;  ///< each bracket and quote has its other half
};

/// Splits at commas that lie outside of quotes and of these brackets.
Parts split(std::string_view text, std::string_view opening, std::string_view closing) {
  Parts parts{std::vector<std::string>(1)};
  int depth = 0;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && opening.find(c) != opening.npos) ++depth;
    if (!quoted && closing.find(c) != closing.npos) --depth;
    if (depth < 0) parts.closed = false;
    if (c == ',' && depth == 0 && !quoted) {
      parts.list.emplace_back();
    } else {
      parts.list.back() += c;
    }
  }
  if (depth != 0 || quoted) parts.closed = false;
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
  if (inside.empty()) return call;
  // Values that are no JSON are plain text, in which a bracket may stand alone.
  for (const std::string& part : split(inside, "[{", "]}").list) {
    const size_t equals = part.find('=');
    require(equals != part.npos, where, "a parameter is written name=value; got '{}' in '{}'", part, text);
    const std::string key = trimmed(part.substr(0, equals)), value = trimmed(part.substr(equals + 1));
    require(!call.parameters.contains(key), where, "'{}' is given more than once in '{}'", key, text);
    Json parsed = Json::parse(value, nullptr, /*allow_exceptions=*/false);
    call.parameters[key] = parsed.is_discarded() ? Json(value) : std::move(parsed);
  }
  return call;
}

std::vector<std::string> split_calls(const std::string& text, std::string_view where) {
  Parts parts = split(text, "([{", ")]}");
  require(parts.closed, where, "a bracket or quote of the list is not closed, or not opened; got '{}'", text);
  for (std::string& part : parts.list) {
    part = trimmed(part);
    require(!part.empty(), where, "names in a list stand between single commas, none is empty; got '{}'",
            text);
  }
  return std::move(parts.list);
}

std::string describe(const Call& call) {
  std::string list;
  for (const auto& [key, value] : call.parameters.items())
    list += fmt::format("{}{}={}", list.empty() ? "" : ",", key, value.dump());
  return list.empty() ? call.name : fmt::format("{}({})", call.name, list);
}

}  // namespace lrpp
