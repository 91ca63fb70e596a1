#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/io/suggest.h>

#include <algorithm>

namespace lrpp {
namespace {

constexpr OpKind all_kinds[] = {OpKind::source,     OpKind::linear, OpKind::wiring, OpKind::held_linear,
                                OpKind::activation, OpKind::norm,   OpKind::product};

void check_keys(const Json& object, const std::string& where, const std::vector<std::string>& known) {
  require(object.is_object(), where, "must be an object; got {}", describe_value(object));
  for (const auto& [key, value] : object.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      fail(where, "unknown key '{}'; {}", key, list_known(key, known));
    }
  }
}

std::string string_of(const Json& value, const std::string& where) {
  require(value.is_string(), where, "must be a string; got {}", describe_value(value));
  return value.get<std::string>();
}

/// A string or a non-empty array of strings.
std::vector<std::string> strings_of(const Json& value, const std::string& where) {
  if (!value.is_array()) return {string_of(value, where)};
  require(!value.empty(), where, "must not be an empty array, which would match nothing");
  std::vector<std::string> result;
  for (const Json& element : value) result.push_back(string_of(element, where));
  return result;
}

/// "NAME" or {"NAME": {parameters}}.
std::pair<std::string, Json> named_call(const Json& value, const std::string& where) {
  if (value.is_string()) return {value.get<std::string>(), Json::object()};
  require(value.is_object() && value.size() == 1, where,
          R"(must be "NAME" or {{"NAME": {{parameters}}}}; got {})", describe_value(value));
  return {value.begin().key(), value.begin().value()};
}

OpKind kind_of(const std::string& name, const std::string& where) {
  std::vector<std::string> known;
  for (OpKind kind : all_kinds) {
    if (to_string(kind) == name) return kind;
    known.emplace_back(to_string(kind));
  }
  fail(where, "unknown kind '{}'; {}", name, list_known(name, known));
}

Match match_of(const Registry& registry, const Json& json, const std::string& where) {
  check_keys(json, where, {"op", "kind", "name"});
  Match match;
  if (json.contains("op")) {
    match.op = strings_of(json["op"], where + ".op");
    for (const std::string& type : match.op) registry.op(type);
  }
  if (json.contains("kind")) {
    for (const std::string& name : strings_of(json["kind"], where + ".kind")) {
      match.kind.push_back(kind_of(name, where + ".kind"));
    }
  }
  if (json.contains("name")) match.name = string_of(json["name"], where + ".name");
  return match;
}

}  // namespace

Composite composite_from_json(const Registry& registry, const Json& json, std::string_view where_view) {
  const std::string where(where_view);
  check_keys(json, where, {"name", "extends", "rules", "readout"});
  Composite composite;
  if (json.contains("extends")) {
    const auto [name, arguments] = named_call(json["extends"], where + " extends");
    composite = registry.make_composite(name, arguments);
  }
  if (json.contains("name")) composite.name = string_of(json["name"], where + " name");
  if (composite.name.empty()) composite.name = "custom";
  if (json.contains("readout")) {
    const std::string readout = string_of(json["readout"], where + " readout");
    require(readout == "relevance" || readout == "multiplier", where,
            "readout must be 'relevance' or 'multiplier'; got '{}'", readout);
    composite.readout = readout == "relevance" ? Readout::relevance : Readout::multiplier;
  }
  std::vector<Composite::Entry> entries;
  if (json.contains("rules")) {
    require(json["rules"].is_array(), where, "rules must be an array; got {}", describe_value(json["rules"]));
    for (const Json& entry : json["rules"]) {
      const std::string here = fmt::format("{} rules[{}]", where, entries.size());
      check_keys(entry, here, {"match", "rule"});
      require(entry.contains("match") && entry.contains("rule"), here, "needs both 'match' and 'rule'");
      const auto [name, parameters] = named_call(entry["rule"], here + ".rule");
      entries.push_back(
          {match_of(registry, entry["match"], here + ".match"), registry.make_rule(name, parameters), true});
    }
  }
  require(json.contains("extends") || !entries.empty(), where, "needs 'extends', 'rules', or both");
  composite.entries.insert(composite.entries.begin(), entries.begin(), entries.end());
  return composite;
}

Composite composite_from_argument(const Registry& registry, const std::string& rules) {
  const std::filesystem::path path(rules);
  if (path.extension() != ".json") return registry.make_composite(rules);
  return composite_from_json(registry, read_json(path), fmt::format("rules {}", path.filename().string()));
}

}  // namespace lrpp
