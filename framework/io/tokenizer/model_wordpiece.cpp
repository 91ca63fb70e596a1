#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/model.h>
#include <lrpp/framework/io/tokenizer/trie.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <utility>

namespace lrpp::tokenization {
namespace {

/// Tokens that may continue a word, without their prefix.
Trie continuations(const Vocabulary& vocabulary, std::string_view prefix) {
  std::vector<std::pair<std::string_view, int64_t>> entries;
  for (const auto& [token, id] : vocabulary.entries()) {
    if (token.starts_with(prefix)) entries.emplace_back(std::string_view(token).substr(prefix.size()), id);
  }
  return Trie(std::move(entries));
}

/// Greedy longest match from the left (Schuster and Nakajima 2012, as BERT has it).
class WordPiece final : public Model {
 public:
  explicit WordPiece(const JsonObject& json)
      : Model(read_vocabulary(json)),
        where_(json.where()),
        unknown_(json.string("unk_token")),
        max_characters_(static_cast<size_t>(json.id("max_input_chars_per_word"))),
        first_(continuations(vocabulary_, "")),
        next_(continuations(vocabulary_, json.string("continuing_subword_prefix"))) {
    json.allow_only({"type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"});
  }

  void tokenize(std::string_view piece, std::vector<Token>& out) const override {
    const size_t before = out.size();
    bool known = count_code_points(piece) <= max_characters_;
    for (size_t begin = 0; known && begin < piece.size();) {
      size_t longest = 0;
      int64_t id = -1;
      (begin == 0 ? first_ : next_).for_each_prefix(piece, begin, [&](size_t length, int64_t value) {
        longest = length;
        id = value;
      });
      known = longest > 0;
      if (known) out.push_back({id, *vocabulary_.token(id), begin, begin + longest});
      begin += longest;
    }
    if (known) return;
    out.resize(before, Token{});
    const auto id = vocabulary_.find(unknown_);
    if (!id) fail_unknown(where_, piece, fmt::format("`{}`", unknown_));
    out.push_back({*id, *vocabulary_.token(*id), 0, piece.size()});
  }

 private:
  std::string where_, unknown_;
  size_t max_characters_;
  Trie first_, next_;
};

class WordLevel final : public Model {
 public:
  explicit WordLevel(const JsonObject& json)
      : Model(read_vocabulary(json)), where_(json.where()), unknown_(json.string("unk_token")) {
    json.allow_only({"type", "vocab", "unk_token"});
  }

  void tokenize(std::string_view piece, std::vector<Token>& out) const override {
    auto id = vocabulary_.find(piece);
    if (!id) id = vocabulary_.find(unknown_);
    if (!id) fail_unknown(where_, piece, fmt::format("`{}`", unknown_));
    out.push_back({*id, *vocabulary_.token(*id), 0, piece.size()});
  }

 private:
  std::string where_, unknown_;
};

}  // namespace

std::unique_ptr<const Model> make_word_piece(const JsonObject& json) {
  return std::make_unique<WordPiece>(json);
}
std::unique_ptr<const Model> make_word_level(const JsonObject& json) {
  return std::make_unique<WordLevel>(json);
}

}  // namespace lrpp::tokenization
