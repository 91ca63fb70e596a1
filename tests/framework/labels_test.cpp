#include <lrpp/framework/labels.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;

using Names = std::vector<std::string>;

TEST(Labels, AreNamedByTheConfigOrByNumber) {
  EXPECT_EQ(labels_of({{"id2label", {{"1", "good"}, {"0", "bad"}}}}, 2, "test"), (Names{"bad", "good"}));
  EXPECT_EQ(labels_of(Json::object(), 2, "test"), (Names{"LABEL_0", "LABEL_1"}));
  EXPECT_EQ(labels_of({{"id2label", nullptr}}, 1, "test", ""), (Names{"0"}));
}

TEST(Labels, EveryClassNeedsAName) {
  const auto reading = [](Json names, int64_t count) {
    return [=] { labels_of({{"id2label", names}}, count, "test"); };
  };
  expect_user_error(reading({{"0", "bad"}}, 2), {"[test]", "id2label", "\"1\" has no name"});
  expect_user_error(reading({{"0", "bad"}, {"1", "good"}, {"2", "ugly"}}, 2), {"0 to 1", "\"2\""});
  for (const char* key : {"", "x", "-1", "00", "0x", "99999999999999999999"}) {
    expect_user_error(reading({{"1", "good"}, {key, "bad"}}, 2), {"0 to 1", key});
  }
  expect_user_error(reading({{"0", 5}}, 1), {"\"0\"", "the number 5"});
  expect_user_error(reading(Json::array({"bad"}), 1), {"must be an object", "array"});
}

TEST(NumLabels, OfAHuggingFaceConfig) {
  EXPECT_EQ(num_labels_of({{"id2label", {{"0", "a"}, {"1", "b"}, {"2", "c"}}}}, "test"), 3);
  EXPECT_EQ(num_labels_of({{"num_labels", 5}}, "test"), 5);
  EXPECT_EQ(num_labels_of(Json::object(), "test"), 2);
  expect_user_error([] { num_labels_of({{"num_labels", 0}}, "test"); }, {"num_labels", "0"});
  expect_user_error([] { num_labels_of({{"num_labels", "2"}}, "test"); }, {"num_labels", "\"2\""});
  expect_user_error([] { num_labels_of({{"id2label", Json::object()}}, "test"); }, {"id2label"});
  EXPECT_EQ(num_labels_of({{"id2label", {{"0", "a"}}}, {"num_labels", 3}}, "test"), 3)
      << "labels_of names the class that has no name";
}

}  // namespace
}  // namespace lrpp
