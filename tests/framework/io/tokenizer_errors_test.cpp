#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/tokenizer.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

namespace lrpp {
namespace {

using nlohmann::json;

/// A tokenizer of three characters that is correct; each test breaks one part.
json valid() {
  return json::parse(R"({
    "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
    "pre_tokenizer": null, "post_processor": null, "decoder": null,
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}})");
}

/// The message of the UserError that `call` throws.
template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no UserError was thrown";
  return "";
}

std::string load_error(const json& parts) {
  return error_of([&] { Tokenizer::from_json(parts, "T"); });
}

struct BrokenCase {
  const char* pointer;  // What is set in `valid()`,
  const char* value;    // to this,
  const char* place;    // and what the message has to name: the place
  const char* says;     // and the reason.
};

class BrokenTokenizer : public ::testing::TestWithParam<BrokenCase> {};

TEST_P(BrokenTokenizer, IsRefusedWithPlaceAndReason) {
  const BrokenCase& broken = GetParam();
  json parts = valid();
  parts[json::json_pointer(broken.pointer)] = json::parse(broken.value);
  const std::string message = load_error(parts);
  EXPECT_NE(message.find(std::string("[") + broken.place + "]"), std::string::npos) << message;
  EXPECT_NE(message.find(broken.says), std::string::npos) << message;
}

INSTANTIATE_TEST_SUITE_P(
    Files, BrokenTokenizer,
    ::testing::Values(
        BrokenCase{"", "[]", "T", "an array of 0"},                                                    //
        BrokenCase{"/extra", "1", "T", "`extra` came"},                                                //
        BrokenCase{"/version", "\"2.0\"", "T.version", "`2.0` came"},                                  //
        BrokenCase{"/model", "null", "T", "`model` is required"},                                      //
        BrokenCase{"/model/type", "\"LSTM\"", "T.model", "BPE, WordPiece, Unigram, WordLevel"},        //
        BrokenCase{"/model/frobnicate", "true", "T.model", "`frobnicate` came"},                       //
        BrokenCase{"/model/vocab", "[1]", "T.model.vocab", "an object is required"},                   //
        BrokenCase{"/model/vocab/c", "-1", "T.model.vocab", "0 to 4294967295"},                        //
        BrokenCase{"/model/vocab/c", "4294967296", "T.model.vocab", "0 to 4294967295"},                //
        BrokenCase{"/model/vocab/c", "1.5", "T.model.vocab", "integer id"},                            //
        BrokenCase{"/model/vocab/c", "\"3\"", "T.model.vocab", "integer id"},                          //
        BrokenCase{"/model/vocab/c", "1", "T.model.vocab", "ids must be unique"},                      //
        BrokenCase{"/model/merges", "{}", "T.model.merges", "an array is required"},                   //
        BrokenCase{"/model/merges/0", "\"ab\"", "T.model.merges[0]", "one space"},                     //
        BrokenCase{"/model/merges/0", "\"a b c\"", "T.model.merges[0]", "one space"},                  //
        BrokenCase{"/model/merges/0", "[\"a\"]", "T.model.merges[0]", "two tokens"},                   //
        BrokenCase{"/model/merges/0", "[\"a\", \"x\"]", "T.model.merges[0]", "`x` is not"},            //
        BrokenCase{"/model/merges/0", "[\"b\", \"a\"]", "T.model.merges[0]", "`ba` is not"},           //
        BrokenCase{"/model/continuing_subword_prefix", "\"##\"", "T.model.merges[0]", "prefix `##`"},  //
        BrokenCase{"/model/dropout", "0.1", "T.model.dropout", "at random"},                           //
        BrokenCase{"/model/fuse_unk", "1", "T.model.fuse_unk", "true or false"},                       //
        BrokenCase{"/model", R"({"type": "Unigram", "vocab": [["a", 0], ["a", 1]]})", "T.model.vocab",
                   "unique"},  //
        BrokenCase{"/model", R"({"type": "Unigram", "vocab": [["a"]]})", "T.model.vocab",
                   "[token, score]"},  //
        BrokenCase{"/model", R"({"type": "Unigram", "unk_id": 1, "vocab": [["a", 0]]})", "T.model.unk_id",
                   "below"},  //
        BrokenCase{"/model", R"({"type": "WordPiece", "vocab": {}, "unk_token": "u"})", "T.model",
                   "max_input_chars_per_word"},                                                         //
        BrokenCase{"/normalizer", R"({"type": "Foo"})", "T.normalizer", "BertNormalizer, NFC"},         //
        BrokenCase{"/normalizer", R"({"type": 3})", "T.normalizer.type", "a string is required; `3`"},  //
        BrokenCase{"/normalizer", R"({"type": "NFC", "form": 1})", "T.normalizer", "`form` came"},      //
        BrokenCase{"/normalizer", R"({"type": "Replace", "pattern": {"Glob": "a"}, "content": ""})",
                   "T.normalizer.pattern", "`Glob` came"},  //
        BrokenCase{"/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "?"})",
                   "T.normalizer.precompiled_charsmap", "base64"},  //
        BrokenCase{"/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "/////w=="})",
                   "T.normalizer.precompiled_charsmap", "too few"},                                     //
        BrokenCase{"/pre_tokenizer", R"({"type": "UnicodeScripts"})", "T.pre_tokenizer", "Metaspace"},  //
        BrokenCase{"/pre_tokenizer", R"({"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated",
                   "invert": false})",
                   "T.pre_tokenizer.pattern.Regex", "without its `)`"},  //
        BrokenCase{"/pre_tokenizer",
                   R"({"type": "Split", "pattern": {"Regex": "(a)\\1"}, "behavior": "Isolated",
                   "invert": false})",
                   "T.pre_tokenizer.pattern.Regex", "`\\1` came"},  //
        BrokenCase{"/pre_tokenizer", R"({"type": "Split", "pattern": {"String": "a"}, "behavior": "Melted",
                   "invert": false})",
                   "T.pre_tokenizer.behavior", "MergedWithNext"},  //
        BrokenCase{"/pre_tokenizer", R"({"type": "Metaspace", "replacement": "ab"})",
                   "T.pre_tokenizer.replacement", "one character"},  //
        BrokenCase{"/pre_tokenizer", R"({"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"})",
                   "T.pre_tokenizer.prepend_scheme", "always, first or never"},                         //
        BrokenCase{"/post_processor", R"({"type": "Foo"})", "T.post_processor", "TemplateProcessing"},  //
        BrokenCase{"/post_processor", R"({"type": "BertProcessing", "sep": ["a", 0], "cls": ["a"]})",
                   "T.post_processor.cls", "[token, id]"},  //
        BrokenCase{"/post_processor", R"({"type": "TemplateProcessing", "pair": [], "special_tokens": {},
                   "single": [{"SpecialToken": {"id": "x", "type_id": 0}}]})",
                   "T.post_processor.special_tokens", "`x`"},  //
        BrokenCase{"/post_processor", R"({"type": "TemplateProcessing", "pair": [], "special_tokens": {},
                   "single": [{"Sequence": {"id": "B", "type_id": 0}}]})",
                   "T.post_processor.single[0].Sequence.id", "`B` came"},           //
        BrokenCase{"/decoder", R"({"type": "CTC"})", "T.decoder", "ByteFallback"},  //
        BrokenCase{"/truncation", R"({"max_length": 3, "stride": 0, "strategy": "Middle"})",
                   "T.truncation.strategy", "OnlyFirst"},                                             //
        BrokenCase{"/added_tokens", R"([{"id": 3}])", "T.added_tokens[0]", "`content` is required"},  //
        BrokenCase{"/added_tokens", R"([{"id": 7, "content": "x", "single_word": false, "lstrip": false,
                   "rstrip": false, "normalized": false, "special": true}])",
                   "T.added_tokens[0]", "must have the id 3 (the next one free); 7 came"},  //
        BrokenCase{"/added_tokens", R"([{"id": 3, "content": "a", "single_word": false, "lstrip": false,
                   "rstrip": false, "normalized": false, "special": true}])",
                   "T.added_tokens[0]", "as in the model's vocabulary"}));

TEST(TokenizerErrors, RefusesEndlessNesting) {
  const std::pair<const char*, const char*> kinds[] = {{"normalizer", "normalizers"},
                                                       {"pre_tokenizer", "pretokenizers"},
                                                       {"post_processor", "processors"},
                                                       {"decoder", "decoders"}};
  for (const auto& [part, list] : kinds) {
    json nested = {{"type", "Sequence"}, {list, json::array()}};
    for (int i = 0; i < 15; ++i) nested = {{"type", "Sequence"}, {list, json::array({nested})}};
    json parts = valid();
    parts[part] = nested;
    Tokenizer::from_json(parts, "T");
    parts[part] = {{"type", "Sequence"}, {list, json::array({nested})}};
    EXPECT_NE(load_error(parts).find("nested deeper than 16"), std::string::npos) << part;
  }
}

class TokenizerFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    file_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("lrpp_tokenizer_") + info->name() + ".json");
  }
  void TearDown() override { std::filesystem::remove(file_); }

  std::string error_of_file(const std::string& content) {
    std::ofstream(file_, std::ios::binary) << content;
    return error_of([&] { Tokenizer::from_file(file_); });
  }

  std::filesystem::path file_;
};

TEST_F(TokenizerFile, MustExist) {
  const std::string message = error_of([&] { Tokenizer::from_file(file_); });
  EXPECT_NE(message.find(file_.string()), std::string::npos);
  EXPECT_NE(message.find("no such file"), std::string::npos);
  EXPECT_NE(error_of([&] { Tokenizer::from_file(file_.parent_path()); }).find("no such file"),
            std::string::npos);
}

TEST_F(TokenizerFile, MustBeJson) {
  for (const char* content : {"", "{", "{\"model\":}", "nonsense", "{\"a\": \"\xFF\"}", "[1e999]"}) {
    EXPECT_NE(error_of_file(content).find("must be JSON"), std::string::npos) << content;
  }
}

TEST_F(TokenizerFile, MustNotNestDeeply) {
  EXPECT_NE(error_of_file(std::string(100000, '[')).find("nesting"), std::string::npos);
}

TEST_F(TokenizerFile, MustNotRepeatKeys) {
  const char* content =
      R"({"model": {"type": "WordLevel", "unk_token": "a", "vocab": {"a": 0, "b": 1, "a": 2}}})";
  EXPECT_NE(error_of_file(content).find("`a` came twice"), std::string::npos);
  // The same key in another object is no repetition.
  std::ofstream(file_)
      << R"({"model": {"type": "WordLevel", "unk_token": "type", "vocab": {"type": 0, "vocab": 1}}})";
  EXPECT_EQ(Tokenizer::from_file(file_).vocabulary_size(), 2);
}

TEST(TokenizerErrors, NamesTheByteOfATextThatIsNotUtf8) {
  const auto tokenizer = Tokenizer::from_json(valid(), "T");
  const std::pair<const char*, const char*> texts[] = {{"ab\xFF", "position 2 (0xFF)"},
                                                       {"\xC0\x80", "position 0"},
                                                       {"a\xED\xA0\x80", "position 1"},
                                                       {"a\xE2\x82", "position 1"},
                                                       {"\xF4\x90\x80\x80", "position 0"}};
  for (const auto& [text, says] : texts) {
    const std::string message = error_of([&, t = text] { tokenizer.encode(t); });
    EXPECT_NE(message.find(says), std::string::npos) << message;
  }
}

TEST(TokenizerErrors, RefusesStringsThatAreNotUtf8) {
  json parts = valid();
  parts["model"]["vocab"]["\xFF"] = 3;
  EXPECT_NE(load_error(parts).find("UTF-8"), std::string::npos);
  parts = valid();
  parts["normalizer"] = {{"type", "Prepend"}, {"prepend", "\xC3"}};
  EXPECT_NE(load_error(parts).find("UTF-8"), std::string::npos);
}

TEST(TokenizerErrors, RefusesIdsOutsideTheVocabulary) {
  const auto tokenizer = Tokenizer::from_json(valid(), "T");
  for (const int64_t id : {int64_t{3}, int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    EXPECT_NE(error_of([&] { tokenizer.id_to_token(id); }).find("vocabulary of 3 tokens"), std::string::npos);
    EXPECT_NE(error_of([&] {
                tokenizer.decode(std::vector<int64_t>{0, id});
              }).find(std::to_string(id)),
              std::string::npos);
  }
}

TEST(TokenizerErrors, NamesTheTextThatNeedsAnUnknownToken) {
  json parts = valid();
  parts["model"]["unk_token"] = "<unk>";
  const auto tokenizer = Tokenizer::from_json(parts, "T");
  EXPECT_EQ(tokenizer.encode("ab").ids, std::vector<int64_t>{2});
  const std::string message = error_of([&] { tokenizer.encode("abx"); });
  EXPECT_NE(message.find("`x`"), std::string::npos) << message;
  EXPECT_NE(message.find("<unk>"), std::string::npos) << message;
}

TEST(TokenizerErrors, GivesUpOnCatastrophicPatterns) {
  json parts = valid();
  parts["pre_tokenizer"] = {
      {"type", "Split"}, {"pattern", {{"Regex", "(?:a+)+b"}}}, {"behavior", "Isolated"}, {"invert", false}};
  const auto tokenizer = Tokenizer::from_json(parts, "T");
  EXPECT_EQ(tokenizer.encode("aaab").tokens, (std::vector<std::string>{"a", "a", "ab"}));
  // PCRE2 knows that a match ends in b: only with one far behind does it begin to try.
  const std::string message = error_of([&] { tokenizer.encode(std::string(60, 'a') + "cb"); });
  EXPECT_NE(message.find("T.pre_tokenizer.pattern.Regex"), std::string::npos) << message;
  EXPECT_NE(message.find("reasonable time"), std::string::npos) << message;
}

TEST(TokenizerErrors, BoundsTheTextAndWhatItBecomes) {
  json parts = valid();
  parts["normalizer"] = {
      {"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(1 << 20, 'b')}};
  const auto tokenizer = Tokenizer::from_json(parts, "T");
  EXPECT_NE(error_of([&] { tokenizer.encode(std::string(100, 'a')); }).find("normalised"), std::string::npos);
  EXPECT_NE(error_of([&] { tokenizer.encode(std::string((16 << 20) + 1, 'b')); }).find("at most"),
            std::string::npos);
}

TEST(TokenizerErrors, TruncationMustLeaveRoom) {
  json parts = valid();
  parts["post_processor"] = {{"type", "BertProcessing"}, {"sep", {"a", 0}}, {"cls", {"a", 0}}};
  parts["truncation"] = {
      {"max_length", 1}, {"stride", 0}, {"strategy", "LongestFirst"}, {"direction", "Right"}};
  const auto tokenizer = Tokenizer::from_json(parts, "T");
  EXPECT_NE(error_of([&] { tokenizer.encode("ab"); }).find("room for the 2 special tokens"),
            std::string::npos);
  EXPECT_EQ(tokenizer.encode("abba", false).ids, std::vector<int64_t>{2});
}

}  // namespace
}  // namespace lrpp
