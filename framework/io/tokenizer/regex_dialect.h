#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace lrpp::tokenization {

/// Rewrites a pattern in Oniguruma's syntax (what the `tokenizers` package compiles) in PCRE2's, where the
/// two mean different things: `^` and `$`, `(?m)`, `\s`, `\w`, `\d`, `\b`, `\h`, `\v`, `{,n}`, `{n,m}+`,
/// nested classes, property names. Constructs that have no equal, or that no tokenizer needs (back
/// references, conditionals, class intersections, ...), are UserErrors. The result is for PCRE2_UTF |
/// PCRE2_UCP | PCRE2_MULTILINE, newline LF.
std::string pcre2_pattern(std::string_view oniguruma, const std::string& where);

/// Characters of `\w` in a class, as items of a PCRE2 class.
inline constexpr std::string_view word_class_items = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";

/// Reads escapes and classes of a pattern; a part of `pcre2_pattern`.
class PatternReader {
 public:
  PatternReader(std::string_view pattern, const std::string& where) : pattern_(pattern), where_(where) {}

  bool at_end() const { return position_ >= pattern_.size(); }
  char peek(size_t ahead = 0) const {
    return position_ + ahead < pattern_.size() ? pattern_[position_ + ahead] : '\0';
  }
  bool take(std::string_view text);
  void skip(size_t bytes) { position_ += bytes; }
  char32_t next();

  /// What follows a backslash outside a class.
  std::string escape();
  /// What follows `[`, up to its `]`.
  std::string character_class();

  [[noreturn]] void unsupported(std::string_view construct) const;

 private:
  struct Item {
    std::string set;  // Items of a PCRE2 class, or empty: a single character.
    char32_t character = 0;
  };
  /// Escapes that mean the same in a class and outside: a set of characters or a single one.
  Item common_escape(char32_t c);
  Item class_item();
  std::string class_items(int depth, bool& negated);
  std::string posix_bracket();
  /// Behind `\p` or `\P`: items of a PCRE2 class.
  std::string property(bool negated);
  char32_t hexadecimal(size_t digits);

  std::string_view pattern_;
  const std::string& where_;
  size_t position_ = 0;
};

/// One character as PCRE2 reads it literally, in a class or outside.
std::string literal(char32_t c);

}  // namespace lrpp::tokenization
