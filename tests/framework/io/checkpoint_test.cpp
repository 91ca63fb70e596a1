#include <ATen/ATen.h>
#include <lrpp/framework/io/safetensors.h>

#include "io_test_support.h"

namespace lrpp {
namespace {

namespace fs = std::filesystem;
using test::contains;
using test::error_of;

constexpr const char* index_name = "model.safetensors.index.json";

/// Shard 1 with 'a' and 'b', shard 2 with 'c', and this index.
void write_shards(const test::TemporaryFolder& folder, const std::string& index) {
  save_safetensors(folder / "1.safetensors", {{"a", at::ones({2})}, {"b", at::zeros({3}, at::kHalf)}});
  save_safetensors(folder / "2.safetensors", {{"c", at::full({1}, 7, at::kLong)}});
  test::put(folder / index_name, index);
}

constexpr const char* good_index =
    R"({"metadata":{"total_size":22},"weight_map":{"c":"2.safetensors","a":"1.safetensors","b":"1.safetensors"}})";

TEST(Checkpoint, OneFile) {
  const test::TemporaryFolder folder;
  save_safetensors(folder / "model.safetensors", {{"b", at::ones({2, 1})}, {"a", at::zeros({3})}});
  const Checkpoint checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(checkpoint.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(checkpoint.contains("a"));
  EXPECT_FALSE(checkpoint.contains("c"));
  EXPECT_EQ(checkpoint.info("b").shape, (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(checkpoint.info("b").dtype, at::kFloat);
  EXPECT_TRUE(at::equal(checkpoint.get("b"), at::ones({2, 1})));
  const std::string message = error_of([&] { checkpoint.get("aa"); });
  EXPECT_TRUE(contains(message, "there is no tensor 'aa'; known: a, b. Did you mean 'a'?"));
  EXPECT_TRUE(contains(error_of([&] { checkpoint.info("aa"); }), "there is no tensor 'aa'"));
}

TEST(Checkpoint, Shards) {
  const test::TemporaryFolder folder;
  write_shards(folder, good_index);
  Checkpoint checkpoint = Checkpoint::open(folder.path());
  const Checkpoint copy = checkpoint;
  checkpoint = Checkpoint::open(folder.path());
  EXPECT_EQ(copy.names(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(at::equal(copy.get("a"), at::ones({2})));
  EXPECT_TRUE(at::equal(copy.get("b"), at::zeros({3}, at::kHalf)));
  EXPECT_EQ(copy.get("c").item<std::int64_t>(), 7);
}

TEST(Checkpoint, OneFileComesBeforeShards) {
  const test::TemporaryFolder folder;
  write_shards(folder, "broken");
  save_safetensors(folder / "model.safetensors", {{"only", at::ones({1})}});
  EXPECT_EQ(Checkpoint::open(folder.path()).names(), (std::vector<std::string>{"only"}));
}

struct BadIndex {
  const char* name;
  const char* json;
  const char* message;
};
std::ostream& operator<<(std::ostream& out, const BadIndex& bad) { return out << bad.name; }

class CheckpointWithBadIndex : public ::testing::TestWithParam<BadIndex> {};

TEST_P(CheckpointWithBadIndex, IsAUserError) {
  const test::TemporaryFolder folder;
  write_shards(folder, GetParam().json);
  const std::string message = error_of([&] { Checkpoint::open(folder.path()); });
  EXPECT_TRUE(contains(message, GetParam().message));
  EXPECT_TRUE(contains(message, index_name));
}

INSTANTIATE_TEST_SUITE_P(
    Table, CheckpointWithBadIndex,
    ::testing::Values(
        BadIndex{"empty", "", "the file is empty"}, BadIndex{"no_json", "{", "invalid JSON at line 1"},
        BadIndex{"no_object", "[]", "an object is required; got an array of 0"},
        BadIndex{"no_map", "{}", "the key 'weight_map' is required"},
        BadIndex{"map_no_object", R"({"weight_map":[]})", "'weight_map' must be an object; got an array"},
        BadIndex{"empty_map", R"({"weight_map":{}})", "it is empty"},
        BadIndex{"no_string", R"({"weight_map":{"a":1}})", "tensor 'a' must have a file name"},
        BadIndex{"parent", R"({"weight_map":{"a":"../1.safetensors"}})",
                 "tensor 'a' must lie in a file of the same directory"},
        BadIndex{"absolute", R"({"weight_map":{"a":"/1.safetensors"}})", "same directory"},
        BadIndex{"backslash", R"({"weight_map":{"a":"..\\1.safetensors"}})", "same directory"},
        BadIndex{"dots", R"({"weight_map":{"a":".."}})", "same directory"},
        BadIndex{"empty_name", R"({"weight_map":{"a":""}})", "same directory"},
        BadIndex{"duplicate", R"({"weight_map":{"a":"1.safetensors","a":"2.safetensors"}})",
                 "'a' comes twice"},
        BadIndex{"missing_shard", R"({"weight_map":{"a":"3.safetensors"}})",
                 "'3.safetensors', which holds tensor 'a', is missing"},
        BadIndex{
            "missing_tensor",
            R"({"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors","d":"2.safetensors"}})",
            "tensor 'd' must be in '2.safetensors'"},
        BadIndex{"unlisted_tensor", R"({"weight_map":{"a":"1.safetensors","c":"2.safetensors"}})",
                 "'b' of '1.safetensors' is not listed"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Checkpoint, ATensorInTwoShardsIsAnError) {
  const test::TemporaryFolder folder;
  write_shards(folder, good_index);
  save_safetensors(folder / "2.safetensors", {{"c", at::ones({1})}, {"a", at::ones({1})}});
  EXPECT_TRUE(contains(error_of([&] { Checkpoint::open(folder.path()); }),
                       "tensor 'a' must be in one shard; it is in '1.safetensors' and in '2.safetensors'"));
}

TEST(Checkpoint, ABrokenShardIsNamed) {
  const test::TemporaryFolder folder;
  write_shards(folder, good_index);
  test::put(folder / "2.safetensors", "1234");
  EXPECT_TRUE(contains(error_of([&] { Checkpoint::open(folder.path()); }),
                       "[safetensors " + (folder / "2.safetensors").string() + "] "));
}

TEST(Checkpoint, ADirectoryWithoutWeightsIsAnError) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(contains(error_of([&] { Checkpoint::open(folder / "none"); }), "it does not exist"));
  EXPECT_TRUE(
      contains(error_of([&] { Checkpoint::open(folder.path()); }), "the directory has neither. Give"));
  test::put(folder / "pytorch_model.bin", "x");
  EXPECT_TRUE(
      contains(error_of([&] { Checkpoint::open(folder.path()); }), "convert that to safetensors first"));
  EXPECT_TRUE(contains(error_of([&] { Checkpoint::open(folder / "pytorch_model.bin"); }), "this is a file"));
}

}  // namespace
}  // namespace lrpp
