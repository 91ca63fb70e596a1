#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/regex_dialect.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace lrpp::tokenization {
namespace {

constexpr int max_class_nesting = 8;

using NamePair = std::pair<std::string_view, std::string_view>;

/// Property names that PCRE2 spells differently. Keys in lower case without spaces, `-` and `_`.
constexpr std::array<NamePair, 45> long_names = {{
    {"letter", "L"},
    {"uppercaseletter", "Lu"},
    {"lowercaseletter", "Ll"},
    {"titlecaseletter", "Lt"},
    {"casedletter", "L&"},
    {"lc", "L&"},
    {"modifierletter", "Lm"},
    {"otherletter", "Lo"},
    {"mark", "M"},
    {"combiningmark", "M"},
    {"nonspacingmark", "Mn"},
    {"spacingmark", "Mc"},
    {"enclosingmark", "Me"},
    {"number", "N"},
    {"decimalnumber", "Nd"},
    {"letternumber", "Nl"},
    {"othernumber", "No"},
    {"punctuation", "P"},
    {"connectorpunctuation", "Pc"},
    {"dashpunctuation", "Pd"},
    {"openpunctuation", "Ps"},
    {"closepunctuation", "Pe"},
    {"initialpunctuation", "Pi"},
    {"finalpunctuation", "Pf"},
    {"otherpunctuation", "Po"},
    {"symbol", "S"},
    {"mathsymbol", "Sm"},
    {"currencysymbol", "Sc"},
    {"modifiersymbol", "Sk"},
    {"othersymbol", "So"},
    {"separator", "Z"},
    {"spaceseparator", "Zs"},
    {"lineseparator", "Zl"},
    {"paragraphseparator", "Zp"},
    {"other", "C"},
    {"control", "Cc"},
    {"format", "Cf"},
    {"alpha", "Alphabetic"},
    {"space", "White_Space"},
    {"whitespace", "White_Space"},
    {"digit", "Nd"},
    {"upper", "Uppercase"},
    {"lower", "Lowercase"},
    {"any", "Any"},
    {"punct", "P"},
}};

/// Names that both libraries know. What is not among them is taken for a script.
constexpr std::array<std::string_view, 53> same_names = {"l",
                                                         "lu",
                                                         "ll",
                                                         "lt",
                                                         "lm",
                                                         "lo",
                                                         "m",
                                                         "mn",
                                                         "mc",
                                                         "me",
                                                         "n",
                                                         "nd",
                                                         "nl",
                                                         "no",
                                                         "p",
                                                         "pc",
                                                         "pd",
                                                         "ps",
                                                         "pe",
                                                         "pi",
                                                         "pf",
                                                         "po",
                                                         "s",
                                                         "sm",
                                                         "sc",
                                                         "sk",
                                                         "so",
                                                         "z",
                                                         "zs",
                                                         "zl",
                                                         "zp",
                                                         "c",
                                                         "cc",
                                                         "cf",
                                                         "cn",
                                                         "co",
                                                         "cs",
                                                         "alphabetic",
                                                         "uppercase",
                                                         "lowercase",
                                                         "ideographic",
                                                         "emoji",
                                                         "emojipresentation",
                                                         "emojimodifier",
                                                         "emojicomponent",
                                                         "extendedpictographic",
                                                         "hexdigit",
                                                         "asciihexdigit",
                                                         "math",
                                                         "dash",
                                                         "diacritic",
                                                         "unifiedideograph",
                                                         "joincontrol"};

}  // namespace

std::string literal(char32_t c) {
  const bool plain = c >= 0x80 || (c < 0x7F && (std::isalnum(static_cast<int>(c)) != 0 || c == ' '));
  if (!plain) return fmt::format("\\x{{{:X}}}", static_cast<uint32_t>(c));
  std::string text;
  append_utf8(text, c);
  return text;
}

void PatternReader::unsupported(std::string_view construct) const {
  fail(where_,
       "a regular expression of the common constructs is required; {} came, at byte {} of `{}`. Rewrite the "
       "pattern",
       construct, position_, pattern_.substr(0, 200));
}

bool PatternReader::take(std::string_view text) {
  if (pattern_.substr(std::min(position_, pattern_.size()), text.size()) != text) return false;
  position_ += text.size();
  return true;
}

char32_t PatternReader::next() {
  if (at_end()) unsupported("an unfinished construct");
  return next_code_point(pattern_, position_);
}

char32_t PatternReader::hexadecimal(size_t digits) {
  uint32_t value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const char d = peek();
    if (std::isxdigit(static_cast<unsigned char>(d)) == 0) unsupported("an incomplete hexadecimal number");
    value = value * 16 + static_cast<uint32_t>(d <= '9' ? d - '0' : (d | 0x20) - 'a' + 10);
    skip(1);
  }
  return value;
}

std::string PatternReader::property(bool negated) {
  std::string raw;
  if (!take("{")) unsupported("a property without braces");
  if (take("^")) negated = !negated;
  std::string key;
  while (!at_end() && peek() != '}') {
    const char c = peek();
    const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (!letter && c != '_' && c != '-' && c != ' ') unsupported("a property with a value");
    raw.push_back(c);
    if (letter) key.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    skip(1);
  }
  if (!take("}") || key.empty()) unsupported("an incomplete property");
  const std::string_view escape = negated ? "\\P" : "\\p";
  if ((key == "word" || key == "alnum") && negated) unsupported("a negated compound property");
  if (key == "word") return std::string(word_class_items);
  if (key == "alnum") return R"(\p{Alphabetic}\p{Nd})";
  for (const auto& [name, pcre] : long_names) {
    if (key == name) return fmt::format("{}{{{}}}", escape, pcre);
  }
  const bool same = std::find(same_names.begin(), same_names.end(), key) != same_names.end();
  return fmt::format("{}{{{}{}}}", escape, same ? "" : "sc:", raw);
}

PatternReader::Item PatternReader::common_escape(char32_t c) {
  switch (c) {
    case 't':
      return {"", 0x09};
    case 'n':
      return {"", 0x0A};
    case 'v':
      return {"", 0x0B};
    case 'f':
      return {"", 0x0C};
    case 'r':
      return {"", 0x0D};
    case 'a':
      return {"", 0x07};
    case 'e':
      return {"", 0x1B};
    case 'd':
      return {R"(\p{Nd})"};
    case 'D':
      return {R"(\P{Nd})"};
    case 's':
      return {R"(\p{White_Space})"};
    case 'S':
      return {R"(\P{White_Space})"};
    case 'w':
      return {std::string(word_class_items)};
    case 'h':
      return {"0-9a-fA-F"};
    case 'p':
      return {property(false)};
    case 'P':
      return {property(true)};
    case 'u':
      return {"", hexadecimal(4)};
    case 'x': {
      char32_t value = 0;
      if (take("{")) {
        const size_t end = pattern_.substr(position_).find('}');
        if (end == std::string_view::npos || end == 0 || end > 8) unsupported("an incomplete `\\x{...}`");
        value = hexadecimal(end);
        skip(1);
      } else {
        value = hexadecimal(2);
        if (value > 0x7F) unsupported("a raw byte `\\x80` to `\\xFF`");
      }
      return {"", value};
    }
    case '0':
      if (std::isdigit(static_cast<unsigned char>(peek())) != 0) unsupported("an octal number");
      return {"", 0};
    default:
      if (c < 0x80 && std::isalnum(static_cast<int>(c)) != 0) {
        unsupported(fmt::format("`\\{}`", static_cast<char>(c)));
      }
      return {"", c};
  }
}

std::string PatternReader::escape() {
  // Outside a class Oniguruma takes Latin-1's superscripts and fractions for word characters too.
  const std::string word = std::string(word_class_items) + R"(\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE})";
  if (take("w")) return fmt::format("[{}]", word);
  if (take("W")) return fmt::format("[^{}]", word);
  if (take("H")) return "[^0-9a-fA-F]";
  if (take("N")) return R"([^\n])";
  if (take("O")) return "(?s:.)";
  if (take("X")) return R"(\X)";
  if (take("R")) return R"((?>\r\n|[\x{A}-\x{D}\x{85}\x{2028}\x{2029}]))";
  if (take("A")) return R"(\A)";
  if (take("z")) return R"(\z)";
  if (take("Z")) return R"(\Z)";
  if (take("b")) return fmt::format("(?:(?<=[{0}])(?![{0}])|(?<![{0}])(?=[{0}]))", word);
  if (take("B")) return fmt::format("(?:(?<=[{0}])(?=[{0}])|(?<![{0}])(?![{0}]))", word);
  const Item item = common_escape(next());
  if (item.set.empty()) {
    if (item.character > 0x10FFFF || (item.character >= 0xD800 && item.character < 0xE000)) {
      unsupported("a number that is no Unicode character");
    }
    return literal(item.character);
  }
  return "[" + item.set + "]";
}

std::string PatternReader::posix_bracket() {
  const bool negated = take("^");
  const std::pair<std::string_view, std::string_view> known[] = {{"alpha", "{Alphabetic}"},
                                                                 {"digit", "{Nd}"},
                                                                 {"space", "{White_Space}"},
                                                                 {"upper", "{Uppercase}"},
                                                                 {"lower", "{Lowercase}"}};
  for (const auto& [name, property] : known) {
    if (take(std::string(name) + ":]")) return fmt::format("\\{}{}", negated ? 'P' : 'p', property);
  }
  if (!negated && take("alnum:]")) return R"(\p{Alphabetic}\p{Nd})";
  if (!negated && take("word:]")) return std::string(word_class_items);
  if (!negated && take("xdigit:]")) return "0-9a-fA-F";
  if (!negated && take("punct:]")) return R"(\p{P}\p{S})";
  unsupported("a POSIX bracket that is not alpha, digit, space, upper, lower, alnum, punct, word or xdigit");
}

PatternReader::Item PatternReader::class_item() {
  if (take("[:")) return {posix_bracket()};
  if (!take("\\")) return {"", next()};
  if (take("b")) return {"", 0x08};
  return common_escape(next());
}

std::string PatternReader::class_items(int depth, bool& negated) {
  if (depth > max_class_nesting) unsupported("a deeply nested character class");
  negated = take("^");
  std::string out;
  for (bool first = true; first || peek() != ']'; first = false) {
    if (at_end()) unsupported("a character class without its `]`");
    if (peek() == '&' && peek(1) == '&') unsupported("an intersection of character classes");
    if (peek() == '[' && peek(1) != ':') {
      skip(1);
      bool inner_negated = false;
      out += class_items(depth + 1, inner_negated);
      if (inner_negated) unsupported("a negated character class in another one");
      continue;
    }
    const Item item = class_item();
    if (!item.set.empty()) {
      out += item.set;
      continue;
    }
    char32_t last = item.character;
    if (peek() == '-' && peek(1) != ']' && peek(1) != '\0') {
      skip(1);
      const Item end = class_item();
      if (!end.set.empty() || end.character < item.character)
        unsupported("a range that is empty or ends in a set");
      last = end.character;
    }
    if (last > 0x10FFFF || (last >= 0xD800 && last < 0xE000) ||
        (item.character >= 0xD800 && item.character < 0xE000)) {
      unsupported("a number that is no Unicode character");
    }
    out += literal(item.character);
    if (last != item.character) out += "-" + literal(last);
  }
  skip(1);
  return out;
}

std::string PatternReader::character_class() {
  bool negated = false;
  const std::string items = class_items(0, negated);
  return fmt::format("[{}{}]", negated ? "^" : "", items);
}

}  // namespace lrpp::tokenization
