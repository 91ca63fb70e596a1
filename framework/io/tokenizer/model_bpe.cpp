#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/model.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <algorithm>
#include <queue>
#include <utility>

namespace lrpp::tokenization {
namespace {

struct Merge {
  uint32_t rank;
  int64_t id;  // Of the token that the pair becomes.
};

uint64_t pair_key(int64_t left, int64_t right) {
  return static_cast<uint64_t>(left) << 32 | static_cast<uint64_t>(right);
}

using MergeTable = std::unordered_map<uint64_t, Merge>;

/// The two tokens of an entry of `merges`: ["a", "b"] or "a b".
std::pair<std::string, std::string> merge_pair(const nlohmann::json& entry, const std::string& where) {
  if (entry.is_array()) {
    require(entry.size() == 2, where, "a merge is two tokens; {} came. Correct the file", describe(entry));
    return {as_string(entry[0], where), as_string(entry[1], where)};
  }
  const std::string& text = as_string(entry, where);
  const size_t space = text.find(' ');
  const bool valid = space != std::string::npos && text.find(' ', space + 1) == std::string::npos;
  require(valid, where, "a merge is two tokens with one space between them; {} came. Correct the file",
          describe(entry));
  return {text.substr(0, space), text.substr(space + 1)};
}

MergeTable read_merges(const JsonObject& json, const Vocabulary& vocabulary, const std::string& prefix) {
  const auto& entries = as_array(json.required("merges"), json.at("merges"));
  MergeTable merges;
  merges.reserve(entries.size());
  uint32_t rank = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].is_string() && entries[i].get_ref<const std::string&>().starts_with("#version")) continue;
    const std::string where = fmt::format("{}[{}]", json.at("merges"), i);
    const auto [left, right] = merge_pair(entries[i], where);
    require(
        right.starts_with(prefix), where,
        "the second token of a merge must begin with the continuing prefix `{}`; `{}` came. Correct the file",
        prefix, right);
    const std::string merged = left + right.substr(prefix.size());
    const auto id_of = [&](const std::string& token) {
      const auto id = vocabulary.find(token);
      require(id.has_value(), where,
              "merges must be of tokens of the vocabulary, and yield one; `{}` is not. Correct "
              "the file",
              token);
      return *id;
    };
    merges[pair_key(id_of(left), id_of(right))] = {rank++, id_of(merged)};
  }
  return merges;
}

/// A part of a word while it is merged; a list linked by index. `length` 0: swallowed by the part on its
/// left.
struct Symbol {
  int64_t id;
  int32_t previous, next;
  size_t length;
};

/// A merge that may be done: the lowest rank first, then the leftmost.
struct Candidate {
  uint32_t rank;
  int32_t position;
  int64_t id;
  bool operator>(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : position > other.position;
  }
};

class Word {
 public:
  void add(int64_t id, size_t length) {
    const auto index = static_cast<int32_t>(symbols_.size());
    if (!symbols_.empty()) symbols_.back().next = index;
    symbols_.push_back({id, index - 1, -1, length});
  }

  /// Merges until no pair is left, in O(n log n).
  void merge_all(const MergeTable& merges) {
    std::vector<Candidate> found;
    for (size_t i = 0; i + 1 < symbols_.size(); ++i) offer(merges, static_cast<int32_t>(i), found);
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue(std::greater<>(),
                                                                                 std::move(found));
    std::vector<Candidate> fresh;
    while (!queue.empty()) {
      const Candidate top = queue.top();
      queue.pop();
      Symbol& left = at(top.position);
      if (left.length == 0 || left.next < 0) continue;
      Symbol& right = at(left.next);
      const auto merge = merges.find(pair_key(left.id, right.id));
      if (merge == merges.end() || merge->second.id != top.id)
        continue;  // One of the two has changed meanwhile.
      left.id = top.id;
      left.length += right.length;
      left.next = right.next;
      right.length = 0;
      if (left.next >= 0) at(left.next).previous = top.position;
      fresh.clear();
      if (left.previous >= 0) offer(merges, left.previous, fresh);
      offer(merges, top.position, fresh);
      for (const Candidate& candidate : fresh) queue.push(candidate);
    }
  }

  const std::vector<Symbol>& symbols() const { return symbols_; }

 private:
  Symbol& at(int32_t index) { return symbols_[static_cast<size_t>(index)]; }

  void offer(const MergeTable& merges, int32_t position, std::vector<Candidate>& out) {
    const Symbol& left = at(position);
    if (left.next < 0) return;
    const auto merge = merges.find(pair_key(left.id, at(left.next).id));
    if (merge != merges.end()) out.push_back({merge->second.rank, position, merge->second.id});
  }

  std::vector<Symbol> symbols_;
};

/// Byte-pair encoding (Sennrich, Haddow and Birch 2016).
class Bpe final : public Model {
 public:
  explicit Bpe(const JsonObject& json)
      : Model(read_vocabulary(json)),
        where_(json.where()),
        unknown_(json.optional_string("unk_token")),
        prefix_(json.optional_string("continuing_subword_prefix").value_or("")),
        suffix_(json.optional_string("end_of_word_suffix").value_or("")),
        fuse_unknown_(json.boolean("fuse_unk", false)),
        byte_fallback_(json.boolean("byte_fallback", false)),
        ignore_merges_(json.boolean("ignore_merges", false)),
        merges_(read_merges(json, vocabulary_, prefix_)) {
    json.allow_only({"type", "vocab", "merges", "dropout", "unk_token", "continuing_subword_prefix",
                     "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges"});
    if (const auto* dropout = json.find("dropout")) {
      require(dropout->is_number() && dropout->get<double>() == 0.0, json.at("dropout"),
              "null or 0 is required; {} came: merges left out at random make every encoding another one. "
              "Set it to "
              "null",
              describe(*dropout));
    }
    for (int byte = 0; byte < 256; ++byte) {
      byte_ids_.push_back(vocabulary_.find(byte_token(static_cast<unsigned char>(byte))).value_or(-1));
    }
  }

  void tokenize(std::string_view piece, std::vector<Token>& out) const override {
    if (ignore_merges_) {
      if (const auto id = vocabulary_.find(piece)) {
        out.push_back({*id, *vocabulary_.token(*id), 0, piece.size()});
        return;
      }
    }
    Word word = split(piece);
    word.merge_all(merges_);
    size_t begin = 0;
    for (const Symbol& symbol : word.symbols()) {
      if (symbol.length == 0) continue;
      out.push_back({symbol.id, *vocabulary_.token(symbol.id), begin, begin + symbol.length});
      begin += symbol.length;
    }
  }

 private:
  /// One symbol a character, or a byte where a character is not in the vocabulary, or the unknown token.
  /// Characters that are none of these are left out, as the format has it.
  Word split(std::string_view piece) const {
    Word word;
    size_t unknown_length = 0;
    int64_t unknown_id = -1;
    const auto flush = [&] {
      if (unknown_length > 0) word.add(unknown_id, unknown_length);
      unknown_length = 0;
    };
    std::string decorated;
    for (size_t begin = 0, end = 0; begin < piece.size(); begin = end) {
      next_code_point(piece, end);
      std::string_view symbol = piece.substr(begin, end - begin);
      const bool prefixed = begin > 0 && !prefix_.empty(), suffixed = end == piece.size() && !suffix_.empty();
      if (prefixed || suffixed) {
        decorated.assign(prefixed ? prefix_ : "").append(symbol).append(suffixed ? suffix_ : "");
        symbol = decorated;
      }
      if (const auto id = vocabulary_.find(symbol)) {
        flush();
        word.add(*id, end - begin);
        continue;
      }
      if (byte_fallback_ && add_bytes(symbol, word)) continue;
      if (!unknown_) continue;
      if (!fuse_unknown_) flush();
      const auto id = vocabulary_.find(*unknown_);
      if (!id) fail_unknown(where_, piece.substr(begin), fmt::format("`{}`", *unknown_));
      unknown_id = *id;
      unknown_length += end - begin;
    }
    flush();
    return word;
  }

  bool add_bytes(std::string_view symbol, Word& word) const {
    const auto id_of = [&](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; };
    if (!std::all_of(symbol.begin(), symbol.end(), [&](char b) { return id_of(b) >= 0; })) return false;
    for (const char byte : symbol) word.add(id_of(byte), 1);
    return true;
  }

  std::string where_;
  std::optional<std::string> unknown_;
  std::string prefix_, suffix_;
  bool fuse_unknown_, byte_fallback_, ignore_merges_;
  MergeTable merges_;
  std::vector<int64_t> byte_ids_;
};

}  // namespace

std::unique_ptr<const Model> make_bpe(const JsonObject& json) { return std::make_unique<Bpe>(json); }

}  // namespace lrpp::tokenization
