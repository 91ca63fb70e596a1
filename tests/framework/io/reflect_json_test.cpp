#include <lrpp/framework/io/reflect_json.h>

#include <cmath>
#include <limits>

#include "io_test_support.h"

namespace lrpp {
namespace {

using test::contains;
using test::error_of;

struct Epsilon {
  double epsilon = 1e-6;
};
struct Nothing {};
struct Inner {
  std::int64_t rank = 4;
  std::vector<double> limits{0.0, std::numeric_limits<double>::infinity()};
};
struct Everything {
  bool flag = true;
  int small = -3;
  std::int64_t large = std::numeric_limits<std::int64_t>::max();
  double number = 0.1;
  std::string text = "a\"é";
  std::vector<bool> flags{true, false};
  std::vector<std::int64_t> sizes{1, 2, 3};
  std::vector<std::string> names{"x", ""};
  std::optional<bool> maybe_flag;
  std::optional<std::int64_t> maybe_size;
  std::optional<double> maybe_number = 2.0;
  std::optional<std::vector<std::string>> maybe_names;
  Inner inner;
  std::vector<Inner> inners{{}, {.rank = 1, .limits = {}}};
};
struct OnlyOptional {
  std::optional<double> low;
};

TEST(ToJsonValue, KeepsTheOrderOfFields) {
  EXPECT_EQ(to_json_value(Epsilon{}).dump(), R"({"epsilon":1e-06})");
  EXPECT_EQ(to_json_value(Nothing{}).dump(), "{}");
  EXPECT_EQ(
      to_json_value(Everything{}).dump(),
      R"({"flag":true,"small":-3,"large":9223372036854775807,"number":0.1,"text":"a\"é","flags":[true,false],)"
      R"("sizes":[1,2,3],"names":["x",""],"maybe_flag":null,"maybe_size":null,"maybe_number":2.0,)"
      R"("maybe_names":null,"inner":{"rank":4,"limits":[0.0,"Infinity"]},)"
      R"("inners":[{"rank":4,"limits":[0.0,"Infinity"]},{"rank":1,"limits":[]}]})");
}

TEST(FromJsonValue, ReadsWhatWasWritten) {
  Everything value;
  value.flag = false;
  value.small = std::numeric_limits<int>::min();
  value.large = std::numeric_limits<std::int64_t>::min();
  value.number = 1.0 / 3.0;
  value.maybe_flag = true;
  value.maybe_size = 7;
  value.maybe_number.reset();
  value.maybe_names = std::vector<std::string>{"a"};
  value.inner = {.rank = -1, .limits = {-std::numeric_limits<double>::infinity()}};
  const Json json = parse_json(to_json_value(value).dump(), "test");
  EXPECT_TRUE(reflect_equal(from_json_value<Everything>(json, "test"), value));
  EXPECT_FALSE(reflect_equal(Everything{}, value));
}

TEST(FromJsonValue, AbsentKeysKeepTheirDefaults) {
  EXPECT_TRUE(reflect_equal(from_json_value<Everything>(Json::object(), "test"), Everything{}));
  const Everything value = from_json_value<Everything>(parse_json(R"({"inner":{"rank":9}})", "test"), "test");
  EXPECT_EQ(value.inner.rank, 9);
  EXPECT_EQ(value.inner.limits.size(), 2U);
  EXPECT_EQ(from_json_value<Epsilon>(Json::object(), "test", UnknownKeys::error, Epsilon{0.5}).epsilon, 0.5);
  EXPECT_NO_THROW(from_json_value<Nothing>(Json::object(), "test"));
}

TEST(FromJsonValue, IntegersAreNumbersToo) {
  EXPECT_EQ(from_json_value<Epsilon>(parse_json(R"({"epsilon":2})", "test"), "test").epsilon, 2.0);
  EXPECT_EQ(from_json_value<Epsilon>(parse_json(R"({"epsilon":-2})", "test"), "test").epsilon, -2.0);
}

TEST(FromJsonValue, UnknownKeysAreErrorsThatListTheKnown) {
  EXPECT_EQ(
      error_of([] { from_json_value<Epsilon>(parse_json(R"({"epsilonn":1})", "test"), "rule epsilon"); }),
      "[rule epsilon] unknown parameter 'epsilonn'; known: epsilon (number, default 1e-06). Did you mean "
      "'epsilon'?");
  EXPECT_EQ(error_of([] { from_json_value<Nothing>(parse_json(R"({"a":1})", "test"), "rule pass"); }),
            "[rule pass] unknown parameter 'a'; none is known");
  const std::string nested =
      error_of([] { from_json_value<Everything>(parse_json(R"({"inners":[{"rnak":1}]})", "test"), "x"); });
  EXPECT_TRUE(
      contains(nested, "[x] unknown parameter 'rnak' in 'inners[0]'; known: rank (integer, default 4)"));
}

TEST(FromJsonValue, ConfigsMayHoldMoreThanTheStruct) {
  const Json json =
      parse_json(R"({"model_type":"m","small":5,"inner":{"rank":2,"other":[]},"maybe_number":null})", "test");
  const auto value = from_json_value<Everything>(json, "config", UnknownKeys::ignore);
  EXPECT_EQ(value.small, 5);
  EXPECT_EQ(value.inner.rank, 2);
  EXPECT_EQ(value.maybe_number, std::nullopt);
}

struct BadValue {
  const char* json;
  const char* message;
};
std::ostream& operator<<(std::ostream& out, const BadValue& bad) { return out << bad.json; }

class FromBadJsonValue : public ::testing::TestWithParam<BadValue> {};

TEST_P(FromBadJsonValue, NamesTheKeyTheRequirementAndWhatCame) {
  const std::string expected = std::string("[config] ") + GetParam().message;
  const Json json = parse_json(GetParam().json, "test");
  EXPECT_EQ(error_of([&] { from_json_value<Everything>(json, "config"); }), expected);
  // Known keys are checked in both modes.
  EXPECT_EQ(error_of([&] { from_json_value<Everything>(json, "config", UnknownKeys::ignore); }), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Table, FromBadJsonValue,
    ::testing::Values(
        BadValue{"[]", "the value must be an object; got an array of 0"},
        BadValue{"null", "the value must be an object; got null"},
        BadValue{R"({"flag":1})", "'flag' must be true or false; got the number 1"},
        BadValue{R"({"flag":"true"})", "'flag' must be true or false; got the string \"true\""},
        BadValue{R"({"flag":null})", "'flag' must be true or false; got null"},
        BadValue{R"({"small":1.5})", "'small' must be an integer; got the number 1.5"},
        BadValue{R"({"small":2.0})", "'small' must be an integer; got the number 2.0"},
        BadValue{R"({"small":true})", "'small' must be an integer; got true"},
        BadValue{R"({"small":null})", "'small' must be an integer; got null"},
        BadValue{R"({"small":2147483648})",
                 "'small' must be an integer from -2147483648 to 2147483647; got 2147483648"},
        BadValue{R"({"small":-2147483649})",
                 "'small' must be an integer from -2147483648 to 2147483647; got -2147483649"},
        BadValue{R"({"large":9223372036854775808})",
                 "'large' must be an integer from -9223372036854775808 to 9223372036854775807; got "
                 "9223372036854775808"},
        BadValue{R"({"large":99999999999999999999})", "'large' must be an integer; got the number 1e+20"},
        BadValue{R"({"number":"1"})", "'number' must be a number; got the string \"1\""},
        BadValue{R"({"number":"NaN"})", "'number' must be a number; got the string \"NaN\""},
        BadValue{R"({"number":false})", "'number' must be a number; got false"},
        BadValue{R"({"number":null})", "'number' must be a number; got null"},
        BadValue{R"({"text":3})", "'text' must be a string; got the number 3"},
        BadValue{R"({"sizes":3})", "'sizes' must be an array of integer; got the number 3"},
        BadValue{R"({"sizes":null})", "'sizes' must be an array of integer; got null"},
        BadValue{R"({"sizes":[1,"2"]})", "'sizes[1]' must be an integer; got the string \"2\""},
        BadValue{R"({"flags":[null]})", "'flags[0]' must be true or false; got null"},
        BadValue{R"({"maybe_size":"x"})", "'maybe_size' must be an integer; got the string \"x\""},
        BadValue{R"({"maybe_names":[1]})", "'maybe_names[0]' must be a string; got the number 1"},
        BadValue{R"({"inner":[]})", "'inner' must be an object; got an array of 0"},
        BadValue{R"({"inner":{"rank":{}}})", "'inner.rank' must be an integer; got an object of 0 keys"},
        BadValue{R"({"inners":[{},{"limits":[0,[]]}]})",
                 "'inners[1].limits[1]' must be a number; got an array of 0"}));

TEST(FromJsonValue, RefusesNaN) {
  Json json = Json::object();
  json["epsilon"] = std::nan("");
  EXPECT_EQ(error_of([&] { from_json_value<Epsilon>(json, "rule epsilon"); }),
            "[rule epsilon] 'epsilon' must be a number; got NaN");
}

TEST(Describe, ListsFieldsTypesAndDefaults) {
  EXPECT_TRUE(describe<Nothing>().empty());
  const auto fields = describe<Everything>();
  const std::vector<std::string> types{"boolean",          "integer",         "integer",
                                       "number",           "string",          "array of boolean",
                                       "array of integer", "array of string", "boolean or null",
                                       "integer or null",  "number or null",  "array of string or null",
                                       "object",           "array of object"};
  ASSERT_EQ(fields.size(), types.size());
  for (std::size_t i = 0; i < types.size(); ++i) EXPECT_EQ(fields[i].type, types[i]) << fields[i].name;
  EXPECT_EQ(fields[0].name, "flag");
  EXPECT_EQ(fields[10].name, "maybe_number");
  EXPECT_EQ(fields[10].default_value, 2.0);
  EXPECT_TRUE(describe<OnlyOptional>()[0].default_value.is_null());
}

TEST(ReflectEqual, SeesEveryField) {
  EXPECT_TRUE(reflect_equal(Everything{}, Everything{}));
  EXPECT_TRUE(reflect_equal(Nothing{}, Nothing{}));
  const Everything defaults;
  const auto differs = [&](auto change) {
    Everything value;
    change(value);
    return !reflect_equal(value, defaults);
  };
  EXPECT_TRUE(differs([](Everything& v) { v.flag = false; }));
  EXPECT_TRUE(differs([](Everything& v) { v.number = std::nextafter(v.number, 1.0); }));
  EXPECT_TRUE(differs([](Everything& v) { v.flags[1] = true; }));
  EXPECT_TRUE(differs([](Everything& v) { v.sizes.push_back(4); }));
  EXPECT_TRUE(differs([](Everything& v) { v.maybe_size = 0; }));
  EXPECT_TRUE(differs([](Everything& v) { v.inners[1].rank = 2; }));
  EXPECT_FALSE(reflect_equal(Epsilon{std::nan("")}, Epsilon{std::nan("")}));
}

}  // namespace
}  // namespace lrpp
