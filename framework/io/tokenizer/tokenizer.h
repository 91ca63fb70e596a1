#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lrpp {

/// The tokens of one text. The vectors have the same length.
struct Encoding {
  std::vector<int64_t> ids;
  std::vector<std::string> tokens;
  /// [begin, end) in Unicode code points of the text given to `encode`; (0, 0) for tokens of the
  /// post-processor.
  std::vector<std::pair<int64_t, int64_t>> offsets;
  /// True for tokens that the post-processor added, and for special added tokens found in the text.
  std::vector<bool> special;
  /// How many tokens of the text the file's `truncation` cut off.
  int64_t truncated = 0;
};

/// A tokenizer read from a Hugging Face `tokenizer.json`. Immutable once read; all members may be called from
/// several threads at once. Ids, tokens and offsets are those that the `tokenizers` package gives.
///
/// What the file asks for and this reader does not know is a UserError, never ignored. Two exceptions, which
/// do not change the encoding of one text: `padding`, and the `pair` template of TemplateProcessing. A
/// `truncation` is applied: the text's tokens are cut so that, with the special tokens, no more than
/// `max_length` remain.
class Tokenizer {
 public:
  /// Reads `tokenizer.json`. Throws UserError on a file that is absent, malformed or unsupported.
  static Tokenizer from_file(const std::filesystem::path& file);

  /// As `from_file`, from parsed JSON; `where` names it in error messages.
  static Tokenizer from_json(const nlohmann::json& json, std::string where);

  /// Splits a text into tokens. Throws UserError if `utf8_text` is not UTF-8, or if the model has no token
  /// for a part of it and no unknown token either.
  Encoding encode(std::string_view utf8_text, bool add_special_tokens = true) const;

  /// The text of a sequence of ids, as the file's decoder joins it. Throws UserError on an id not in the
  /// vocabulary.
  std::string decode(std::span<const int64_t> ids, bool skip_special_tokens = true) const;

  /// The number of tokens, added tokens included.
  int64_t vocabulary_size() const;

  /// The token as the file has it. Throws UserError on an id not in the vocabulary.
  std::string id_to_token(int64_t id) const;
  std::optional<int64_t> token_to_id(std::string_view token) const;

 private:
  struct Parts;
  explicit Tokenizer(std::shared_ptr<const Parts> parts);
  std::shared_ptr<const Parts> parts_;
};

}  // namespace lrpp
