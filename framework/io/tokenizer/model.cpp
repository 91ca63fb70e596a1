#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/model.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

namespace lrpp::tokenization {

std::string byte_token(unsigned char byte) { return fmt::format("<0x{:02X}>", byte); }

void fail_unknown(const std::string& where, std::string_view text, std::string_view unknown) {
  fail(where,
       "a text of known tokens is required; `{}` has a part without one, and the unknown token {} is not in "
       "the vocabulary. Use the tokenizer that the text was meant for",
       utf8_lossy(text.substr(0, 60)), unknown);
}

std::unique_ptr<const Model> read_model(const nlohmann::json& value, const std::string& where) {
  const JsonObject json(value, where);
  std::string type;
  if (json.find("type") != nullptr) {
    type = json.type();
  } else {  // Files of before 2020 have no type: their keys tell.
    type = json.find("merges") != nullptr                     ? "BPE"
           : json.find("max_input_chars_per_word") != nullptr ? "WordPiece"
           : json.required("vocab").is_array()                ? "Unigram"
                                                              : "WordLevel";
  }
  if (type == "BPE") return make_bpe(json);
  if (type == "WordPiece") return make_word_piece(json);
  if (type == "WordLevel") return make_word_level(json);
  if (type == "Unigram") return make_unigram(json);
  json.fail_type("model", "BPE, WordPiece, Unigram, WordLevel");
}

}  // namespace lrpp::tokenization
