#pragma once

#include <lrpp/framework/io/tokenizer/json_object.h>
#include <lrpp/framework/io/tokenizer/vocabulary.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lrpp::tokenization {

/// A token of a piece of text. `value` points into the vocabulary or into that piece.
struct Token {
  int64_t id;
  std::string_view value;
  size_t begin;  // Bytes of the piece. May lie behind its end where byte fallback adds a subword prefix.
  size_t end;
};

/// What turns pieces of text into tokens.
class Model {
 public:
  virtual ~Model() = default;
  /// Appends the tokens of `piece`, which is not empty. UserError where there is no token for a part of it.
  virtual void tokenize(std::string_view piece, std::vector<Token>& out) const = 0;
  const Vocabulary& vocabulary() const { return vocabulary_; }

 protected:
  explicit Model(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  const Vocabulary vocabulary_;
};

/// Reads the `model` of tokenizer.json; UserError on types that are not supported.
std::unique_ptr<const Model> read_model(const nlohmann::json& json, const std::string& where);

std::unique_ptr<const Model> make_bpe(const JsonObject& json);
std::unique_ptr<const Model> make_word_piece(const JsonObject& json);
std::unique_ptr<const Model> make_word_level(const JsonObject& json);
std::unique_ptr<const Model> make_unigram(const JsonObject& json);

/// "<0x0A>": the token of a byte in vocabularies with byte fallback.
std::string byte_token(unsigned char byte);

/// Throws: `text` needs the unknown token `unknown`, which the vocabulary lacks.
[[noreturn]] void fail_unknown(const std::string& where, std::string_view text, std::string_view unknown);

}  // namespace lrpp::tokenization
