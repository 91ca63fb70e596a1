// Lists of calls, as users write methods.
#include <lrpp/framework/io/call.h>
#include <lrpp/tests/framework/io/io_test_support.h>

namespace lrpp {
namespace {

using test::contains;
using test::error_of;
using List = std::vector<std::string>;

TEST(SplitCalls, CutsOutsideOfBracketsAndQuotes) {
  EXPECT_EQ(split_calls("mamba-lrp", "method"), List{"mamba-lrp"});
  EXPECT_EQ(split_calls("mamba-lrp, smooth-grad(samples=5,noise=0.1) ,occlusion", "method"),
            (List{"mamba-lrp", "smooth-grad(samples=5,noise=0.1)", "occlusion"}));
  EXPECT_EQ(split_calls("a(x=[1,{\"k\": 2}]),b(c=(1,2))", "method"),
            (List{"a(x=[1,{\"k\": 2}])", "b(c=(1,2))"}));
  EXPECT_EQ(split_calls("a(x=\"),\"),b", "method"), (List{"a(x=\"),\")", "b"}));
  EXPECT_EQ(split_calls("rules/own.json,a", "method"), (List{"rules/own.json", "a"}));
}

TEST(SplitCalls, PartsAreCalls) {
  for (const std::string& part : split_calls("a,b(x=1,y=[2,3])", "method"))
    EXPECT_EQ(describe(parse_call(part, "")), part);
}

TEST(SplitCalls, MalformedListsAreRefused) {
  for (const char* list : {"", " ", ",", "a,", ",a", "a,,b", "a, ,b"}) {
    EXPECT_TRUE(contains(error_of([&] { split_calls(list, "method"); }), "none is empty")) << list;
  }
  for (const char* list : {"a(", "a),b", "a(x=1,b", "a(x=[1),b", "a)(,b", "a(x=\"1),b"}) {
    const std::string error = error_of([&] { split_calls(list, "method"); });
    EXPECT_TRUE(contains(error, "not closed")) << list;
    EXPECT_TRUE(contains(error, "[method]") && contains(error, list)) << error;
  }
}

}  // namespace
}  // namespace lrpp
