#pragma once

#include <lrpp/framework/io/tokenizer/aligned_text.h>
#include <lrpp/framework/io/tokenizer/normalizer.h>
#include <lrpp/framework/io/tokenizer/regex.h>
#include <lrpp/framework/io/tokenizer/trie.h>
#include <lrpp/framework/io/tokenizer/vocabulary.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace lrpp::tokenization {

/// Tokens found in the text before the model sees it, such as `<|endoftext|>`.
class AddedTokens {
 public:
  /// Reads `added_tokens`. Their ids must be those of the model's vocabulary, or follow on it without gaps.
  /// `normalizer` may be null.
  AddedTokens(const nlohmann::json* json, const std::string& where, const Vocabulary& model,
              const Normalizer* normalizer);

  /// Cuts the tokens out of a text, normalises what lies between, and cuts out those that match normalised
  /// text.
  PieceList extract(std::string_view text, const Normalizer* normalizer) const;

  std::optional<int64_t> find(std::string_view token) const;
  /// The token as written in the file, or null.
  const std::string* content(int64_t id) const;
  /// The token as it appears in normalised text, or null: what the decoder gets.
  const std::string* normalized_content(int64_t id) const;
  bool is_special(int64_t id) const;
  bool is_special(std::string_view token) const { return special_.contains(token); }
  /// How many are not in the model's vocabulary.
  size_t beyond_model() const { return beyond_model_; }

 private:
  struct Entry {
    std::string content, normalized_content;
    bool single_word, left_strip, right_strip, special, normalized;
  };

  void add(const nlohmann::json& json, const std::string& where, const Vocabulary& model,
           const Normalizer* normalizer, int64_t& next_id);
  Trie trie_of(bool normalized, const std::string& where) const;
  void split(PieceList& list, const Trie& trie) const;
  void split_piece(const PieceList& list, const Piece& piece, const Trie& trie,
                   std::vector<Piece>& out) const;
  bool is_word(std::string_view text, size_t at) const;

  std::unordered_map<int64_t, Entry> entries_;
  std::unordered_map<std::string, int64_t, StringHash, std::equal_to<>> ids_;
  std::unordered_set<std::string, StringHash, std::equal_to<>> special_;
  size_t beyond_model_ = 0;
  Trie plain_, normalized_;
  Regex word_;
};

}  // namespace lrpp::tokenization
