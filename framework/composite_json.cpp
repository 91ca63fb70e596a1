#include <lrpp/framework/composite_json.h>
#include <lrpp/framework/io/suggest.h>

#include <algorithm>

namespace lrpp {
namespace {

constexpr OpKind all_kinds[] = {OpKind::source,     OpKind::linear, OpKind::wiring,  OpKind::held_linear,
                                OpKind::activation, OpKind::norm,   OpKind::product, OpKind::softmax};

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
  check_keys(json, where, {"op", "kind", "name", "which"});
  Match match;
  if (json.contains("op")) {
    match.op = strings_of(json["op"], where + ".op");
    for (const std::string& type : match.op) registry.op(type);
  }
  if (json.contains("kind")) {
    for (const std::string& name : strings_of(json["kind"], where + ".kind")) {
      match.kind.push_back(kind_of(name, where + ".kind"));
      require(match.kind.back() != OpKind::source, where + ".kind",
              "sources take no rule: relevance ends at them");
    }
  }
  if (json.contains("name")) match.name = string_of(json["name"], where + ".name");
  if (json.contains("which")) {
    const std::string which = string_of(json["which"], where + ".which");
    require(which == "first" || which == "last", where + ".which", "must be 'first' or 'last'; got '{}'",
            which);
    match.which = which == "first" ? Which::first : Which::last;
  }
  return match;
}

/// Errors of the registry know the rule or op, not where the file asks for it: `where` is put before them.
Composite::Entry entry_of(const Registry& registry, const Json& json, const std::string& where) {
  check_keys(json, where, {"match", "rule"});
  require(json.contains("match") && json.contains("rule"), where, "needs both 'match' and 'rule'");
  try {
    const auto [name, parameters] = named_call(json["rule"], where + ".rule");
    Match match = match_of(registry, json["match"], where + ".match");
    RulePtr rule = registry.make_rule(name, parameters);
    return {std::move(match), std::move(rule), true};
  } catch (const UserError& error) {
    const std::string message = error.what();
    throw UserError(message.starts_with("[" + where) ? message : fmt::format("[{}] {}", where, message));
  }
}

}  // namespace

Composite composite_from_json(const Registry& registry, const Json& json, std::string_view where_view) {
  const std::string where(where_view);
  check_keys(json, where, {"name", "extends", "rules", "readout", "canonizers"});
  Composite composite;
  composite.fusions = registry.fusions();
  if (json.contains("extends")) {
    const auto [name, arguments] = named_call(json["extends"], where + " extends");
    composite = registry.make_composite(name, arguments);
  }
  if (json.contains("readout")) {
    const std::string readout = string_of(json["readout"], where + " readout");
    require(readout == "relevance" || readout == "multiplier", where,
            "readout must be 'relevance' or 'multiplier'; got '{}'", readout);
    composite.readout = readout == "relevance" ? Readout::relevance : Readout::multiplier;
  }
  if (json.contains("canonizers")) {
    require(json["canonizers"].is_array(), where, "canonizers must be an array of names; got {}",
            describe_value(json["canonizers"]));
    composite.canonizers.clear();
    for (const Json& name : json["canonizers"])
      composite.canonizers.push_back(registry.canonizer(string_of(name, where + " canonizers")));
  }
  std::vector<Composite::Entry> entries;
  if (json.contains("rules")) {
    require(json["rules"].is_array(), where, "rules must be an array; got {}", describe_value(json["rules"]));
    for (const Json& entry : json["rules"]) {
      entries.push_back(entry_of(registry, entry, fmt::format("{} rules[{}]", where, entries.size())));
    }
  }
  require(json.contains("extends") || !entries.empty(), where, "needs 'extends', 'rules', or both");
  composite.entries.insert(composite.entries.begin(), entries.begin(), entries.end());
  if (json.contains("name")) {
    composite.name = string_of(json["name"], where + " name");
  } else if (!entries.empty()) {
    // What is no longer the named composite must not go by its name.
    composite.name += composite.name.empty() ? "own rules" : " with own rules";
  }
  return composite;
}

Composite composite_from_argument(const Registry& registry, const std::string& rules) {
  const std::filesystem::path path(rules);
  if (path.extension() != ".json") return registry.make_composite(rules);
  return composite_from_json(registry, read_json(path), fmt::format("rules {}", path.filename().string()));
}

}  // namespace lrpp
