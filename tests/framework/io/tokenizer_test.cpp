#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace lrpp {
namespace {

using nlohmann::json;

const std::filesystem::path fixtures = LRPP_TEST_FIXTURES;

json read_json(const std::filesystem::path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream.good()) << file;
  return json::parse(stream);
}

json offsets_of(const Encoding& encoding) {
  json out = json::array();
  for (const auto& [begin, end] : encoding.offsets) out.push_back({begin, end});
  return out;
}

/// Compares with what the `tokenizers` package gave. Everything is discrete: equality, no tolerance.
void expect_case(const Tokenizer& tokenizer, const json& expected) {
  const auto text = expected.at("text").get<std::string>();
  SCOPED_TRACE(text);
  const Encoding encoding = tokenizer.encode(text, expected.value("add_special_tokens", true));
  EXPECT_EQ(json(encoding.ids), expected.at("ids"));
  EXPECT_EQ(json(encoding.tokens), expected.at("tokens"));
  EXPECT_EQ(offsets_of(encoding), expected.at("offsets_in_characters"));
  EXPECT_EQ(encoding.special.size(), encoding.ids.size());
  if (expected.contains("decoded")) {
    EXPECT_EQ(tokenizer.decode(encoding.ids), expected.at("decoded"));
  }
}

class TokenizerFixture : public ::testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path folder() const { return fixtures / "tokenizers" / GetParam(); }
};

TEST_P(TokenizerFixture, AgreesWithPeer) {
  const auto tokenizer = Tokenizer::from_file(folder() / "tokenizer.json");
  const json cases = read_json(folder() / "case.json").at("cases");
  EXPECT_GT(cases.size(), 30U);
  for (const json& expected : cases) expect_case(tokenizer, expected);
}

TEST_P(TokenizerFixture, GivesIdsAndTokensBothWays) {
  const auto tokenizer = Tokenizer::from_file(folder() / "tokenizer.json");
  for (int64_t id = 0; id < tokenizer.vocabulary_size(); ++id) {
    EXPECT_EQ(tokenizer.token_to_id(tokenizer.id_to_token(id)), id);
  }
  EXPECT_EQ(tokenizer.token_to_id("no such token"), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Kinds, TokenizerFixture,
                         ::testing::Values("byte-bpe-llama3", "byte-bpe-neox", "metaspace-bpe-llama2",
                                           "unigram", "wordpiece-bert"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// Small tokenizers of the options that the fixtures above leave out, on awkward texts.
TEST(Tokenizer, AgreesWithPeerOnRareOptions) {
  const json file = read_json(fixtures / "tokenizers-extra" / "cases.json");
  size_t count = 0;
  for (const json& suite : file.at("suites")) {
    const auto name = suite.at("name").get<std::string>();
    SCOPED_TRACE(name);
    json parts = suite.at("tokenizer");
    parts["model"] = file.at("models").at(parts.at("model").get<size_t>());
    const auto tokenizer = Tokenizer::from_json(parts, name);
    for (const json& expected : suite.at("cases")) {
      expect_case(tokenizer, expected);
      ++count;
    }
  }
  EXPECT_GT(count, 300U);
}

/// A tokenizer of bytes, to which tests add parts.
json byte_tokenizer() {
  json vocabulary = json::object();
  for (const char* token : {"a", "b", "c", "ab", "abab", "Ġ", "<s>"}) {
    vocabulary[token] = vocabulary.size();
  }
  return {
      {"version", "1.0"},
      {"pre_tokenizer",
       {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", false}}},
      {"model",
       {{"type", "BPE"},
        {"vocab", vocabulary},
        {"merges", json::array({"a b", json::array({"ab", "ab"})})}}}};
}

json added_token(const char* content, int id) {
  return {{"id", id},        {"content", content},  {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", false}, {"special", true}};
}

TEST(Tokenizer, MarksSpecialTokens) {
  json parts = byte_tokenizer();
  parts["added_tokens"] = json::array({added_token("<s>", 6), added_token("<x>", 7)});
  parts["added_tokens"][1]["special"] = false;
  parts["post_processor"] = {{"type", "BertProcessing"}, {"sep", {"<s>", 6}}, {"cls", {"<s>", 6}}};
  const auto tokenizer = Tokenizer::from_json(parts, "test");
  const Encoding encoding = tokenizer.encode("a<x><s>b");
  EXPECT_EQ(encoding.ids, (std::vector<int64_t>{6, 0, 7, 6, 1, 6}));
  EXPECT_EQ(encoding.special, (std::vector<bool>{true, false, false, true, false, true}));
  EXPECT_EQ(tokenizer.encode("a<x><s>b", false).ids, (std::vector<int64_t>{0, 7, 6, 1}));
  EXPECT_EQ(tokenizer.decode(encoding.ids), "a <x> b");
  EXPECT_EQ(tokenizer.decode(encoding.ids, false), "<s> a <x> <s> b <s>");
}

TEST(Tokenizer, SharesPartsBetweenThreads) {
  const auto file = fixtures / "tokenizers" / "byte-bpe-llama3";
  const auto tokenizer = Tokenizer::from_file(file / "tokenizer.json");
  const json cases = read_json(file / "case.json").at("cases");
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (const json& expected : cases) {
        if (json(tokenizer.encode(expected.at("text").get<std::string>()).ids) != expected.at("ids")) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

/// Takes a word of 320,000 units. An algorithm quadratic in it does 10^11 steps, at least half a minute; a
/// linear one takes a fraction of a second, so that 10 seconds leave room for a busy machine and for
/// sanitizers.
void expect_near_linear(const Tokenizer& tokenizer, const std::string& unit) {
  std::string word;
  for (int i = 0; i < 320000; ++i) word += unit;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_GT(tokenizer.encode(word).ids.size(), 0U);
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(), 10.0) << unit;
}

TEST(Tokenizer, TakesTimeLinearInALongWord) {
  const auto bpe = Tokenizer::from_json(byte_tokenizer(), "test");
  for (const char* unit : {"ab", "a", "abc"}) expect_near_linear(bpe, unit);
  json unigram = {{"model",
                   {{"type", "Unigram"},
                    {"unk_id", 0},
                    {"vocab", json::parse(R"([["<unk>", 0], ["a", -1], ["ab", -1.5], ["aba", -2.5]])")}}}};
  unigram["normalizer"] = {{"type", "NFKC"}};
  const auto viterbi = Tokenizer::from_json(unigram, "test");
  for (const char* unit : {"ab", "x", "e\xCC\x81"}) expect_near_linear(viterbi, unit);
  json word_piece = {{"model",
                      {{"type", "WordPiece"},
                       {"unk_token", "u"},
                       {"continuing_subword_prefix", "##"},
                       {"max_input_chars_per_word", 4000000000},
                       {"vocab", {{"u", 0}, {"a", 1}, {"##a", 2}, {"##b", 3}}}}}};
  const auto greedy = Tokenizer::from_json(word_piece, "test");
  for (const char* unit : {"ab", "a"}) expect_near_linear(greedy, unit);
}

/// A charsmap of one rule, "a" -> "bc", as SentencePiece would store it.
TEST(Tokenizer, AppliesAPrecompiledCharsmap) {
  std::vector<uint32_t> units(512, 0);
  units[0] = 256U << 10;  // The root: its children are at 256 ^ label.
  units[256 ^ 'a'] =
      'a' | 1U << 8 | (353U ^ 511U) << 10;  // "a" ends here; its leaf is at 353 ^ offset = 511.
  units[511] = 0x80000000U;                 // The leaf: replacement 0.
  std::string bytes;
  const auto put = [&](uint32_t value) {
    for (int k = 0; k < 4; ++k) bytes.push_back(static_cast<char>(value >> (8 * k) & 0xFF));
  };
  put(static_cast<uint32_t>(units.size() * 4));
  for (const uint32_t unit : units) put(unit);
  bytes.append("bc\0", 3);
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string base64;
  while (bytes.size() % 3 != 0) bytes.push_back('\0');
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = bits << 8 | static_cast<unsigned char>(bytes[i + k]);
    for (int k = 3; k >= 0; --k) base64.push_back(alphabet[bits >> (6 * k) & 63]);
  }
  json parts = byte_tokenizer();
  parts["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", base64}};
  const Encoding encoding = Tokenizer::from_json(parts, "test").encode("bab");
  EXPECT_EQ(encoding.tokens, (std::vector<std::string>{"b", "b", "c", "b"}));
  EXPECT_EQ(offsets_of(encoding), (json{{0, 1}, {1, 2}, {1, 2}, {2, 3}}));
}

}  // namespace
}  // namespace lrpp
