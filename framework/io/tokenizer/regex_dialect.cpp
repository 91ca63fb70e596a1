#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/regex_dialect.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <cctype>
#include <vector>

namespace lrpp::tokenization {
namespace {

constexpr size_t max_pattern_bytes = 16384;
constexpr size_t max_group_nesting = 100;
constexpr size_t no_atom = static_cast<size_t>(-1);

/// Rewrites everything but escapes and classes.
class Translator {
 public:
  Translator(std::string_view pattern, const std::string& where) : reader_(pattern, where) {}

  std::string run() {
    while (!reader_.at_end()) step();
    if (!groups_.empty()) reader_.unsupported("a group without its `)`");
    return std::move(out_);
  }

 private:
  void step() {
    switch (reader_.peek()) {
      case '\\':
        reader_.skip(1);
        return atom(reader_.escape());
      case '[':
        reader_.skip(1);
        return atom(reader_.character_class());
      case '(':
        reader_.skip(1);
        return open_group();
      case ')':
        reader_.skip(1);
        return close_group();
      case '|':
        reader_.skip(1);
        out_ += '|';
        atom_ = no_atom;
        return;
      case '.':
      case '^':
      case '$':
        return atom(std::string(1, static_cast<char>(reader_.next())));
      case '*':
      case '+':
      case '?':
        return quantifier();
      case '{':
        return interval();
      default:
        return atom(literal(reader_.next()));
    }
  }

  void atom(const std::string& text) {
    atom_ = out_.size();
    quantified_ = false;
    out_ += text;
  }

  void open_group() {
    if (groups_.size() >= max_group_nesting) reader_.unsupported("deeply nested groups");
    const size_t begin = out_.size();
    const bool first_in_group = groups_.empty() ? begin == 0 : begin == groups_.back().content;
    if (reader_.peek() == '*') reader_.unsupported("`(*`");
    if (!reader_.take("?")) {
      out_ += "(?:";  // Nothing refers to captures.
    } else if (reader_.take("<=")) {
      out_ += "(?<=";
    } else if (reader_.take("<!")) {
      out_ += "(?<!";
    } else if (reader_.take("<")) {
      while (reader_.peek() != '>') {
        const char32_t c = reader_.next();
        if (c < 0x80 && c != '_' && std::isalnum(static_cast<int>(c)) == 0)
          reader_.unsupported("a group's name");
      }
      reader_.skip(1);
      out_ += "(?:";
    } else if (reader_.peek() == ':' || reader_.peek() == '=' || reader_.peek() == '!' ||
               reader_.peek() == '>') {
      out_ += "(?";
      out_ += static_cast<char>(reader_.next());
    } else {
      return options(begin, first_in_group);
    }
    groups_.push_back({begin, out_.size()});
    atom_ = no_atom;
  }

  /// `(?i:` or `(?i)`: Ruby's m is PCRE2's s.
  void options(size_t begin, bool first_in_group) {
    out_ += "(?";
    while (true) {
      const char32_t c = reader_.next();
      if (c == 'i' || c == '-') {
        out_ += static_cast<char>(c);
      } else if (c == 'm') {
        out_ += 's';
      } else if (c == ':') {
        out_ += ':';
        groups_.push_back({begin, out_.size()});
        break;
      } else if (c == ')') {
        // Further right the two libraries disagree on how far the options reach into alternatives.
        if (!first_in_group) reader_.unsupported("`(?i)` that is not the first in its group");
        out_ += ')';
        break;
      } else {
        reader_.unsupported("an unknown kind of group");
      }
    }
    atom_ = no_atom;
  }

  void close_group() {
    if (groups_.empty()) reader_.unsupported("`)` without its `(`");
    out_ += ')';
    atom_ = groups_.back().begin;
    quantified_ = false;
    groups_.pop_back();
  }

  /// Oniguruma applies a second quantifier to the first one's result; PCRE2 needs a group for that.
  void wrap_if_quantified() {
    if (atom_ == no_atom) reader_.unsupported("a quantifier with nothing before it");
    if (!quantified_) return;
    out_.insert(atom_, "(?:");
    out_ += ')';
  }

  void quantifier() {
    wrap_if_quantified();
    out_ += static_cast<char>(reader_.next());
    if (reader_.take("?")) {
      out_ += '?';
    } else if (reader_.take("+")) {
      out_ += '+';
    }
    quantified_ = true;
  }

  void interval() {
    std::string digits[2];
    size_t ahead = 1, part = 0;
    for (;; ++ahead) {
      const char c = reader_.peek(ahead);
      if (c == ',' && part == 0) {
        part = 1;
      } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 && digits[part].size() < 6) {
        digits[part] += c;
      } else {
        break;
      }
    }
    const bool is_interval = reader_.peek(ahead) == '}' && !(digits[0].empty() && digits[1].empty());
    if (!is_interval) return atom(literal(reader_.next()));
    wrap_if_quantified();
    reader_.skip(ahead + 1);
    out_ += fmt::format("{{{}{}{}}}", digits[0].empty() ? "0" : digits[0], part == 1 ? "," : "", digits[1]);
    quantified_ = true;
    if (reader_.peek() == '?') {
      if (part == 0) reader_.unsupported("`{n}?`");
      reader_.skip(1);
      out_ += '?';
    }
  }

  struct Group {
    size_t begin, content;
  };
  PatternReader reader_;
  std::string out_;
  std::vector<Group> groups_;
  size_t atom_ = no_atom;  // Where in `out_` the last thing that can be repeated begins.
  bool quantified_ = false;
};

}  // namespace

std::string pcre2_pattern(std::string_view oniguruma, const std::string& where) {
  require(oniguruma.size() <= max_pattern_bytes, where,
          "regular expressions must not be longer than {} bytes; {} bytes came. Shorten the pattern",
          max_pattern_bytes, oniguruma.size());
  return Translator(oniguruma, where).run();
}

}  // namespace lrpp::tokenization
