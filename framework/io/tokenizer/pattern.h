#pragma once

#include <lrpp/framework/io/tokenizer/json_object.h>
#include <lrpp/framework/io/tokenizer/regex.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lrpp::tokenization {

/// [begin, end) in bytes of a text, and whether the pattern matched there.
struct Segment {
  size_t begin;
  size_t end;
  bool is_match;
};

/// The `pattern` of Split and Replace: {"String": ...} or {"Regex": ...}.
class Pattern {
 public:
  /// Reads the key `pattern` of `parent`.
  explicit Pattern(const JsonObject& parent);
  explicit Pattern(Regex regex) : pattern_(std::move(regex)) {}

  /// Matches and what lies between them, in order; together they cover the text.
  std::vector<Segment> segments(std::string_view text) const;

 private:
  std::variant<std::string, Regex> pattern_;
};

/// Every character that `matches` is a match of its own.
template <class Predicate>
std::vector<Segment> character_segments(std::string_view text, Predicate matches) {
  std::vector<Segment> out;
  size_t last = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    if (!matches(next_code_point(text, i))) continue;
    if (last < begin) out.push_back({last, begin, false});
    out.push_back({begin, i, true});
    last = i;
  }
  if (last < text.size()) out.push_back({last, text.size(), false});
  return out;
}

enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

/// Reads the key `behavior`.
SplitBehavior read_behavior(const JsonObject& parent);

/// Joins or drops segments as `behavior` says. `is_match` of the result has no meaning.
std::vector<Segment> cut(std::vector<Segment> segments, SplitBehavior behavior);

}  // namespace lrpp::tokenization
