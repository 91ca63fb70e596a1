// Whatever is wrong with the parameters of any rule or composite is a UserError that names it.
#include <lrpp/cli/builtins.h>
#include <lrpp/tests/support/testing.h>

#include <functional>
#include <limits>

namespace lrpp {
namespace {

using testing::expect_user_error;

struct Bad {
  Json value;
  std::vector<std::string> parts;  ///< what the message says beside the parameter's name
};

/// What no parameter of this type may be. No number of a rule may be negative, NaN or infinite.
std::vector<Bad> bad_values(const std::string& type) {
  const Json nan = std::numeric_limits<double>::quiet_NaN();
  if (type == "number") {
    return {{"x", {"a number", "\"x\""}}, {nullptr, {"a number", "null"}}, {true, {"a number", "true"}},
            {{1}, {"a number"}},          {nan, {"a number", "NaN"}},      {"Infinity", {"inf"}},
            {-1, {"at least 0", "-1"}}};
  }
  if (type == "array of number") {
    return {{1, {"array of number", "1"}}, {{"x"}, {"[0]", "a number"}}, {{nan}, {"[0]", "NaN"}}};
  }
  if (type == "boolean") return {{1, {"true or false", "1"}}, {"yes", {"true or false", "\"yes\""}}};
  if (type == "integer") return {{1.5, {"an integer", "1.5"}}, {"1", {"an integer"}}, {7, {"0 or 1", "7"}}};
  if (type == "string") return {{1, {"a string", "1"}}, {"lxtt", {"'paper' or 'lxt'", "'lxtt'"}}};
  ADD_FAILURE() << "no bad values for a parameter of type " << type;
  return {};
}

/// Numbers that must be above 0 say so instead.
std::string allowed(std::string part, const std::string& message) {
  return part == "at least 0" && message.find("above 0") != std::string::npos ? "above 0" : part;
}

void check(const std::string& kind, const std::string& name, const std::vector<ParameterInfo>& parameters,
           const std::function<void(const Json&)>& make) {
  SCOPED_TRACE(kind + " " + name);
  expect_user_error([&] { make(Json::array()); }, {kind + " " + name, "an object"});
  std::vector<std::string> unknown{kind + " " + name, "unknown parameter 'no_such'"};
  for (const ParameterInfo& p : parameters) unknown.push_back(p.name + " (" + p.type);
  expect_user_error([&] { make({{"no_such", 1}}); }, unknown);
  for (const ParameterInfo& p : parameters) {
    for (const Bad& bad : bad_values(p.type)) {
      SCOPED_TRACE(p.name + " = " + bad.value.dump());
      const std::string message = testing::user_error([&] { make({{p.name, bad.value}}); });
      EXPECT_NE(message.find(p.name), std::string::npos) << message;
      for (const std::string& part : bad.parts)
        EXPECT_NE(message.find(allowed(part, message)), std::string::npos) << message << "\nlacks: " << part;
    }
  }
}

TEST(Strictness, OfEveryRule) {
  const Registry registry = builtin_registry();
  for (const auto& [name, info] : registry.rules())
    check("rule", name, info.parameters, [&, n = name](const Json& json) { registry.make_rule(n, json); });
}

TEST(Strictness, OfEveryComposite) {
  const Registry registry = builtin_registry();
  for (const auto& [name, info] : registry.composites())
    check("composite", name, info.parameters,
          [&, n = name](const Json& json) { registry.make_composite(n, json); });
}

TEST(Strictness, BoundsOfTheInput) {
  const Registry registry = builtin_registry();
  const std::vector<Bad> cases{
      {{{"low", {1}}, {"high", {0}}}, {"low must not be above high", "1 and 0"}},
      {{{"low", {0, 0}}, {"high", {1}}}, {"as many numbers", "2 and 1"}},
      {{{"low", {"-Infinity"}}, {"high", {1}}}, {"finite", "-inf and 1"}},
  };
  for (const Bad& bad : cases) {
    SCOPED_TRACE(bad.value.dump());
    expect_user_error([&] { registry.make_rule("z-box", bad.value); }, bad.parts);
    expect_user_error([&] { registry.make_composite("epsilon-gamma-box", bad.value); }, bad.parts);
  }
}

}  // namespace
}  // namespace lrpp
