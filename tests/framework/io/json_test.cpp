#include <lrpp/framework/io/json.h>

#include <cmath>
#include <limits>

#include "io_test_support.h"

namespace lrpp {
namespace {

using test::contains;
using test::error_of;

TEST(ParseJson, KeepsValuesAndTheOrderOfKeys) {
  const std::string text =
      R"({"z":1,"a":[true,null,-2,1.5,"é\n"],"m":{"empty":{},"list":[]},"big":18446744073709551615})";
  const Json json = parse_json(text, "test");
  EXPECT_EQ(json.dump(), text);
  EXPECT_TRUE(json["z"].is_number_unsigned());
  EXPECT_TRUE(json["a"][2].is_number_integer());
  EXPECT_EQ(parse_json(" 3 ", "test"), 3);
}

TEST(ParseJson, AgreesWithTheLibrarysOwnParser) {
  for (const char* text : {"[]", "{}", "\"\"", "0", "-0.0", "[[[]],{\"a\":[{}]}]",
                           "{\"a\":{\"b\":{\"c\":[1,[2]]}},\"d\":3}", "[1e308,1e-320,\"\\ud83d\\ude00\"]"}) {
    EXPECT_EQ(parse_json(text, "test"), Json::parse(text)) << text;
  }
}

struct BadJson {
  const char* name;
  std::string text;
  const char* message;
};
std::ostream& operator<<(std::ostream& out, const BadJson& bad) { return out << bad.name; }

class ParseBadJson : public ::testing::TestWithParam<BadJson> {};

TEST_P(ParseBadJson, IsAUserErrorThatSaysWhere) {
  const std::string message = error_of([&] { parse_json(GetParam().text, "json x"); });
  EXPECT_TRUE(message.starts_with("[json x] ")) << message;
  EXPECT_TRUE(contains(message, GetParam().message));
  EXPECT_LT(message.size(), 600U);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ParseBadJson,
    ::testing::Values(
        BadJson{"empty", "", "line 1, column 0"}, BadJson{"open", "{\"a\":\n  [1, 2\n", "line 3"},
        BadJson{"column", "{\"a\":\n  [1 2]}", "line 2, column 6"},
        BadJson{"trailing", "{} x", "line 1, column 4"}, BadJson{"two values", "1 2", "line 1, column 3"},
        BadJson{"trailing comma", "[1,]", "line 1, column 4"},
        BadJson{"comment", "// a\n1", "line 1, column 1"},
        BadJson{"single quotes", "{'a':1}", "line 1, column 2"},
        BadJson{"nul", std::string("{}\0x", 4), "NUL bytes; byte 2"}, BadJson{"utf8", "[\"\xff\"]", "UTF-8"},
        BadJson{"surrogate", "[\"\\ud800\"]", "surrogate"}, BadJson{"control", "\"\n\"", "control character"},
        BadJson{"beyond float64", "[1e999]", "line 1"}, BadJson{"leading zero", "[01]", "line 1, column 3"},
        BadJson{"NaN", "[NaN]", "line 1, column 2"}, BadJson{"Infinity", "[Infinity]", "line 1, column 2"},
        BadJson{"duplicate", R"({"a":1,"b":2,"a":3})", "'a' comes twice in the top level"},
        BadJson{"duplicate by escape", R"({"a":1,"\u0061":3})", "'a' comes twice"},
        BadJson{"nested duplicate", R"({"m":[0,{"x":{"k":1,"k":1}}]})", "'k' comes twice in 'm[1].x'"},
        BadJson{"deep arrays", std::string(65, '['), "at most 64 levels"},
        BadJson{"very deep", std::string(1'000'000, '['), "at most 64 levels"},
        BadJson{"long token", "[\"" + std::string(100'000, 'a'), "line 1"}),
    [](const auto& info) {
      std::string name = info.param.name;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
      return name;
    });

TEST(ParseJson, TakesSixtyFourLevels) {
  EXPECT_NO_THROW(parse_json(std::string(64, '[') + std::string(64, ']'), "test"));
}

TEST(ParseJson, LargeObjectsTakeLinearTime) {
  // With a search at each insertion this would be 3e10 comparisons, minutes: the test would be seen to hang.
  std::string text = "{";
  for (int i = 0; i < 250'000; ++i)
    text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":" + std::to_string(i);
  EXPECT_EQ(parse_json(text + "}", "test").size(), 250'000U);
}

TEST(ParseJson, InfinitiesWhereAskedFor) {
  const Json json =
      parse_json(R"({"Infinity":[0.0, Infinity,-Infinity ,"-Infinity","\"Infinity"],"x":Infinity})", "test",
                 Infinities::accept);
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(json["Infinity"][1].get<double>(), infinity);
  EXPECT_EQ(json["Infinity"][2].get<double>(), -infinity);
  EXPECT_EQ(json["Infinity"][3], "-Infinity");
  EXPECT_EQ(json["Infinity"][4], "\"Infinity");
  EXPECT_EQ(json["x"].get<double>(), infinity);
  EXPECT_EQ(parse_json("Infinity", "test", Infinities::accept).get<double>(), infinity);
  for (const char* text : {"[1Infinity]", "[Infinity1]", "[+Infinity]", "[--Infinity]", "[NaN]", "[-NaN]",
                           "[InfinityInfinity]", "{Infinity:1}"}) {
    EXPECT_TRUE(contains(error_of([&] { parse_json(text, "test", Infinities::accept); }), "line 1")) << text;
  }
}

TEST(ReadJson, ReadsAFile) {
  const test::TemporaryFolder folder;
  test::put(folder / "a.json", "{\"a\": [1]}\n");
  EXPECT_EQ(read_json(folder / "a.json").dump(), "{\"a\":[1]}");
}

TEST(ReadJson, RefusesWhatIsNoJsonFile) {
  const test::TemporaryFolder folder;
  test::put(folder / "empty.json", "");
  test::put(folder / "blank.json", " \n\t");
  test::put(folder / "bad.json", "{\n\"a\":}");
  test::put(folder / "large.json", "");
  std::filesystem::resize_file(folder / "large.json",
                               (std::uintmax_t{256} << 20) + 1);  // sparse: takes no disk
  EXPECT_TRUE(contains(error_of([&] { read_json(folder / "none.json"); }), "does not exist"));
  EXPECT_TRUE(contains(error_of([&] { read_json(folder.path()); }), "directory"));
  EXPECT_TRUE(contains(error_of([&] { read_json(folder / "empty.json"); }), "empty"));
  EXPECT_TRUE(contains(error_of([&] { read_json(folder / "blank.json"); }), "empty"));
  EXPECT_TRUE(contains(error_of([&] { read_json(folder / "large.json"); }), "at most 268435456 bytes"));
  const std::string bad = error_of([&] { read_json(folder / "bad.json"); });
  EXPECT_TRUE(contains(bad, "[json "));
  EXPECT_TRUE(contains(bad, "bad.json] invalid JSON at line 2, column 5"));
}

TEST(DescribeValue, IsShort) {
  EXPECT_EQ(describe_value(nullptr), "null");
  EXPECT_EQ(describe_value(true), "true");
  EXPECT_EQ(describe_value(2.5), "the number 2.5");
  EXPECT_EQ(describe_value("a\"b"), "the string \"a\\\"b\"");
  EXPECT_EQ(describe_value(Json::array({1, 2})), "an array of 2");
  EXPECT_EQ(describe_value(Json::object()), "an object of 0 keys");
  EXPECT_LT(describe_value(std::string(1000, 'x')).size(), 120U);
  EXPECT_EQ(describe_value(std::string("\xff")), "the string \"\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace lrpp
