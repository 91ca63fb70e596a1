#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lrpp::tokenization {

/// A compiled regular expression. Copies share the compiled code; matching is thread-safe.
class Regex {
 public:
  /// `oniguruma`: a pattern as tokenizer.json has it. `where` names its place in error messages.
  Regex(std::string_view oniguruma, std::string where);
  /// A pattern in PCRE2's own syntax.
  static Regex from_pcre2(std::string_view pattern, std::string where);

  /// The first match at or behind byte `from` of valid UTF-8, as [begin, end). UserError where the pattern
  /// takes absurdly many steps (catastrophic backtracking).
  std::optional<std::pair<size_t, size_t>> find(std::string_view text, size_t from) const;

 private:
  struct Code;
  Regex() = default;
  std::shared_ptr<const Code> code_;
};

}  // namespace lrpp::tokenization
