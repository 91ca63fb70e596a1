#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/added_tokens.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <algorithm>
#include <utility>

namespace lrpp::tokenization {

AddedTokens::AddedTokens(const nlohmann::json* json, const std::string& where, const Vocabulary& model,
                         const Normalizer* normalizer)
    : word_(Regex::from_pcre2(R"(\G[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D}])", where)) {
  if (json == nullptr) return;
  auto next_id = static_cast<int64_t>(model.size());
  size_t index = 0;
  for (const auto& entry : as_array(*json, where)) {
    add(entry, fmt::format("{}[{}]", where, index++), model, normalizer, next_id);
  }
  plain_ = trie_of(false, where);
  normalized_ = trie_of(true, where);
}

void AddedTokens::add(const nlohmann::json& value, const std::string& where, const Vocabulary& model,
                      const Normalizer* normalizer, int64_t& next_id) {
  const JsonObject json(value, where);
  json.allow_only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
  const int64_t id = json.id("id");
  Entry entry{json.string("content"),      "",
              json.boolean("single_word"), json.boolean("lstrip"),
              json.boolean("rstrip"),      json.boolean("special"),
              json.boolean("normalized")};
  require(!entry.content.empty(), where, "an added token must not be empty; \"\" came. Remove it");
  const auto in_model = model.find(entry.content);
  const int64_t expected = in_model ? *in_model : next_id;
  require(id == expected, where,
          "`{}` must have the id {} ({}); {} came. Correct the file: other readers would use the former",
          entry.content, expected, in_model ? "as in the model's vocabulary" : "the next one free", id);
  if (!in_model) {
    require(model.token(id) == nullptr, where, "ids must be unique; {} is taken by `{}`. Correct the file",
            id, model.token(id) == nullptr ? "" : *model.token(id));
    ++next_id;
    ++beyond_model_;
  }
  entry.normalized_content = entry.content;
  if (entry.normalized && normalizer != nullptr) {
    AlignedText text(entry.content);
    normalizer->apply(text);
    entry.normalized_content = text.text();
    require(!text.empty(), where,
            "an added token must not be normalised to nothing; `{}` is. Correct the file", entry.content);
  }
  require(ids_.emplace(entry.content, id).second, where,
          "added tokens must be unique; `{}` came twice. Remove one", entry.content);
  if (entry.special) special_.insert(entry.content);
  entries_.emplace(id, std::move(entry));
}

Trie AddedTokens::trie_of(bool normalized, const std::string& where) const {
  std::vector<std::pair<std::string_view, int64_t>> patterns;
  std::unordered_set<std::string_view> seen;
  for (const auto& [id, entry] : entries_) {
    if (entry.normalized != normalized) continue;
    require(seen.insert(entry.normalized_content).second, where,
            "added tokens must differ once normalised; two become `{}`. Remove one",
            entry.normalized_content);
    patterns.emplace_back(entry.normalized_content, id);
  }
  return Trie(std::move(patterns));
}

PieceList AddedTokens::extract(std::string_view text, const Normalizer* normalizer) const {
  PieceList list;
  list.buffer = AlignedText(text);
  list.pieces = {{0, text.size(), 0}};
  split(list, plain_);
  if (normalizer != nullptr) {
    AlignedText buffer;
    buffer.reserve(list.buffer.size());
    for (Piece& piece : list.pieces) {
      AlignedText part;
      part.append(list.buffer, piece.begin, piece.end);
      if (piece.added_id < 0) normalizer->apply(part);
      piece.begin = buffer.size();
      buffer.append(part, 0, part.size());
      piece.end = buffer.size();
    }
    list.buffer = std::move(buffer);
  }
  split(list, normalized_);
  return list;
}

void AddedTokens::split(PieceList& list, const Trie& trie) const {
  std::vector<Piece> out;
  for (const Piece& piece : list.pieces) {
    if (piece.added_id >= 0) {
      out.push_back(piece);
    } else {
      split_piece(list, piece, trie, out);
    }
  }
  list.pieces = std::move(out);
}

bool AddedTokens::is_word(std::string_view text, size_t at) const { return word_.find(text, at).has_value(); }

void AddedTokens::split_piece(const PieceList& list, const Piece& piece, const Trie& trie,
                              std::vector<Piece>& out) const {
  const std::string_view text = list.text(piece);
  const auto push = [&](size_t begin, size_t end, int64_t id) {
    if (begin < end) {
      out.push_back(
          {piece.begin + begin, piece.begin + end, list.buffer.span(piece.begin + begin).begin, id});
    }
  };
  size_t done = 0;
  for (size_t i = 0; i < text.size();) {
    size_t length = 0;
    int64_t id = -1;
    trie.for_each_prefix(text, i, [&](size_t found, int64_t value) {
      length = found;
      id = value;
    });
    if (length == 0) {
      ++i;
      continue;
    }
    size_t begin = i, end = i + length;
    i = end;
    const Entry& entry = entries_.at(id);
    if (entry.single_word) {
      const bool word_before =
          begin > 0 && is_word(text, begin - utf8_length(previous_code_point(text, begin)));
      const bool word_behind = end < text.size() && is_word(text, end);
      if (word_before || word_behind) continue;
    }
    while (entry.left_strip && begin > done) {
      const char32_t c = previous_code_point(text, begin);
      if (!is_white_space(c)) break;
      begin = std::max(done, begin - utf8_length(c));
    }
    // The search goes on behind the token itself, so that a token in the spaces stripped here is found all
    // the same.
    while (entry.right_strip && end < text.size()) {
      size_t next = end;
      if (!is_white_space(next_code_point(text, next))) break;
      end = next;
    }
    if (done < begin) push(done, begin, -1);
    push(begin, end, id);
    done = end;
  }
  if (done != text.size()) push(done, text.size(), -1);
}

std::optional<int64_t> AddedTokens::find(std::string_view token) const {
  const auto it = ids_.find(token);
  if (it == ids_.end()) return std::nullopt;
  return it->second;
}

const std::string* AddedTokens::content(int64_t id) const {
  const auto it = entries_.find(id);
  return it == entries_.end() ? nullptr : &it->second.content;
}

const std::string* AddedTokens::normalized_content(int64_t id) const {
  const auto it = entries_.find(id);
  return it == entries_.end() ? nullptr : &it->second.normalized_content;
}

bool AddedTokens::is_special(int64_t id) const {
  const auto it = entries_.find(id);
  return it != entries_.end() && it->second.special;
}

}  // namespace lrpp::tokenization
