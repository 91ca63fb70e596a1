#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/normalizer.h>
#include <lrpp/framework/io/tokenizer/unicode.h>
#include <utf8proc.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

namespace lrpp::tokenization {
namespace {

std::string decode_base64(std::string_view text, const std::string& where) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve(text.size() / 4 * 3);
  uint32_t bits = 0;
  int count = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char c : text) {
    const size_t value = alphabet.find(c);
    require(value != std::string_view::npos, where, "base64 is required; the byte {} came. Correct the file",
            static_cast<int>(static_cast<unsigned char>(c)));
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xFF));
    }
  }
  return out;
}

/// A double-array trie as the Darts-clone library lays it out: bit 8 of a unit says that a leaf follows, bits
/// 10 up (scaled by 256 if bit 9 is set) are where its children are, the low byte is its label.
class DoubleArray {
 public:
  DoubleArray() = default;
  explicit DoubleArray(std::vector<uint32_t> units) : units_(std::move(units)) {}

  /// The value of the shortest entry that `key` begins with.
  std::optional<size_t> shortest_prefix(std::string_view key) const {
    size_t node = 0;
    std::optional<uint32_t> unit = at(node);
    if (!unit) return std::nullopt;
    node ^= offset(*unit);
    for (const char c : key) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte == 0) return std::nullopt;
      node ^= byte;
      unit = at(node);
      if (!unit || (*unit & 0x800000FF) != byte) return std::nullopt;
      node ^= offset(*unit);
      if ((*unit >> 8 & 1) == 0) continue;
      const auto leaf = at(node);
      if (!leaf) return std::nullopt;
      return *leaf & 0x7FFFFFFF;
    }
    return std::nullopt;
  }

 private:
  std::optional<uint32_t> at(size_t node) const {
    if (node >= units_.size()) return std::nullopt;
    return units_[node];
  }
  static size_t offset(uint32_t unit) { return static_cast<size_t>(unit >> 10) << ((unit & 0x200) >> 6); }

  std::vector<uint32_t> units_;
};

class Precompiled final : public Normalizer {
 public:
  Precompiled(const std::string& charsmap, const std::string& where) {
    const std::string blob = decode_base64(charsmap, where);
    uint32_t trie_bytes = 0;
    if (blob.size() >= 4) trie_bytes = little_endian(blob, 0);
    const bool fits = blob.size() >= 4 && trie_bytes <= blob.size() - 4;
    require(fits, where,
            "a charsmap begins with the length of its trie; {} bytes are too few. Correct the file",
            blob.size());
    std::vector<uint32_t> units(trie_bytes / 4);
    for (size_t i = 0; i < units.size(); ++i) units[i] = little_endian(blob, 4 + 4 * i);
    trie_ = DoubleArray(std::move(units));
    replacements_ = blob.substr(4 + trie_bytes / 4 * 4);
    const size_t wrong = find_invalid_utf8(replacements_);
    require(wrong == std::string::npos, where,
            "a charsmap's replacements are UTF-8; byte {} is not. Correct the file", wrong);
  }

  void apply(AlignedText& text) const override {
    std::vector<Change> changes;
    changes.reserve(text.size());
    bool modified = false;
    const std::string_view all = text.text();
    for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
      end = grapheme_end(all, begin);
      const std::string_view grapheme = all.substr(begin, end - begin);
      // SentencePiece looks up short clusters as a whole first. What it finds may be for their beginning
      // only.
      const auto whole = grapheme.size() < 6 ? replacement(grapheme) : std::nullopt;
      if (whole) {
        replace(changes, grapheme, *whole);
        modified = true;
        continue;
      }
      for (size_t i = 0; i < grapheme.size();) {
        const size_t first = i;
        const char32_t c = next_code_point(grapheme, i);
        const std::string_view part = grapheme.substr(first, i - first);
        if (const auto found = replacement(part)) {
          replace(changes, part, *found);
          modified = true;
        } else {
          changes.push_back({c, 0});
        }
      }
    }
    if (modified) text.transform(changes);
  }

 private:
  static uint32_t little_endian(const std::string& bytes, size_t at) {
    uint32_t value = 0;
    for (size_t k = 4; k-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + k]);
    return value;
  }

  /// The end of the extended grapheme cluster (UAX #29) at `begin`.
  static size_t grapheme_end(std::string_view text, size_t begin) {
    size_t end = begin;
    auto previous = static_cast<utf8proc_int32_t>(next_code_point(text, end));
    utf8proc_int32_t state = 0;
    while (end < text.size()) {
      size_t next = end;
      const auto c = static_cast<utf8proc_int32_t>(next_code_point(text, next));
      if (utf8proc_grapheme_break_stateful(previous, c, &state)) break;
      previous = c;
      end = next;
    }
    return end;
  }

  std::optional<std::string_view> replacement(std::string_view key) const {
    const auto index = trie_.shortest_prefix(key);
    if (!index || *index > replacements_.size()) return std::nullopt;
    // A table that points into the middle of a character is broken.
    if (*index < replacements_.size() && (static_cast<unsigned char>(replacements_[*index]) & 0xC0) == 0x80) {
      return std::nullopt;
    }
    const std::string_view rest = std::string_view(replacements_).substr(*index);
    return rest.substr(0, rest.find('\0'));
  }

  /// The last characters are the added ones; surplus old characters go with the last new one.
  static void replace(std::vector<Change>& changes, std::string_view old_text, std::string_view new_text) {
    const auto old_count = static_cast<int>(count_code_points(old_text));
    int new_count = 0;
    for (size_t i = 0; i < new_text.size(); ++new_count) changes.push_back({next_code_point(new_text, i), 0});
    const int surplus = new_count - old_count;
    if (surplus < 0 && !changes.empty()) changes.back().shift += surplus;
    for (int k = 0; k < surplus; ++k) changes[changes.size() - 1 - static_cast<size_t>(k)].shift = 1;
  }

  DoubleArray trie_;
  std::string replacements_;
};

}  // namespace

std::unique_ptr<const Normalizer> make_precompiled_normalizer(const std::string& charsmap,
                                                              const std::string& where) {
  return std::make_unique<Precompiled>(charsmap, where);
}

}  // namespace lrpp::tokenization
