#include <fmt/format.h>
#include <lrpp/framework/report/unicode_text.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace lrpp {
namespace {

constexpr char32_t zero_width_non_joiner = 0x200C, zero_width_joiner = 0x200D, emoji_presentation = 0xFE0F;

utf8proc_category_t category(char32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
}

int width_of(char32_t code_point) {
  // Unassigned here may be an emoji of a later Unicode there.
  if (category(code_point) == UTF8PROC_CATEGORY_CN) return 2;
  // Flags are pairs of these, drawn two columns wide each where the pair is not known.
  if (code_point >= 0x1F1E6 && code_point <= 0x1F1FF) return 2;
  // Circled numbers and hexagrams, which some terminals draw as wide as the ideographs around them.
  if ((code_point >= 0x3248 && code_point <= 0x324F) || (code_point >= 0x4DC0 && code_point <= 0x4DFF))
    return 2;
  const int width = utf8proc_charwidth(static_cast<utf8proc_int32_t>(code_point));
  // Vowel signs of Indic scripts, which terminals give a column of their own.
  return category(code_point) == UTF8PROC_CATEGORY_MC ? std::max(1, width) : width;
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string result;
  result.reserve(text.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    utf8proc_int32_t code_point = 0;
    const auto length =
        utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &code_point);
    if (length <= 0) {
      result.push_back(U'\uFFFD');
      ++i;
    } else {
      result.push_back(static_cast<char32_t>(code_point));
      i += static_cast<size_t>(length);
    }
  }
  return result;
}

void append_utf8(std::string& out, char32_t code_point) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<size_t>(length));
}

std::string encode_utf8(std::u32string_view code_points) {
  std::string result;
  result.reserve(code_points.size());
  for (const char32_t c : code_points) append_utf8(result, c);
  return result;
}

bool is_space(char32_t c) {
  if (c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85) return true;
  const auto kind = category(c);
  return kind == UTF8PROC_CATEGORY_ZS || kind == UTF8PROC_CATEGORY_ZL || kind == UTF8PROC_CATEGORY_ZP;
}

bool is_word_part(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

bool is_unspaced_script(char32_t c) {
  // Thai to Myanmar, Khmer, Japanese kana, Han with its extensions, half-width kana.
  static constexpr std::pair<char32_t, char32_t> ranges[] = {
      {0x0E00, 0x109F}, {0x1780, 0x17FF}, {0x3040, 0x30FF}, {0x31F0, 0x31FF},  {0x3400, 0x4DBF},
      {0x4E00, 0x9FFF}, {0xF900, 0xFAFF}, {0xFF66, 0xFF9F}, {0x20000, 0x3FFFF}};
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [c](const auto& range) { return c >= range.first && c <= range.second; });
}

bool is_hidden(char32_t c) {
  if (c == zero_width_non_joiner || c == zero_width_joiner) return false;
  switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return true;
    default:
      // Noncharacters, which HTML does not allow.
      return (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
  }
}

std::string show_hidden(std::u32string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char32_t c : text) {
    if (!is_hidden(c)) {
      append_utf8(result, c);
    } else if (c == '\n') {
      result += "\\n";
    } else if (c == '\r') {
      result += "\\r";
    } else if (c == '\t') {
      result += "\\t";
    } else if (c <= 0xFFFF) {
      result += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else {
      result += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
    }
  }
  return result;
}

std::string show_hidden(std::string_view text) { return show_hidden(decode_utf8(text)); }

std::string show_hidden_text(std::string_view text) {
  std::string result;
  const std::u32string code_points = decode_utf8(text);
  for (size_t i = 0; i < code_points.size(); ++i) {
    const char32_t c = code_points[i];
    if (c == '\r' && i + 1 < code_points.size() && code_points[i + 1] == '\n') continue;
    if (c == '\n' || c == '\t') {
      result += static_cast<char>(c);
    } else {
      result += show_hidden(std::u32string_view(&c, 1));
    }
  }
  return result;
}

std::vector<Cluster> clusters(std::u32string_view text) {
  std::vector<Cluster> result;
  utf8proc_int32_t state = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const bool starts = i == 0 || utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(text[i - 1]),
                                                                   static_cast<utf8proc_int32_t>(c), &state);
    if (starts) result.emplace_back();
    Cluster& cluster = result.back();
    cluster.code_points.push_back(c);
    cluster.width += width_of(c);
    if (c == emoji_presentation) cluster.width = std::max(cluster.width, 2);
  }
  return result;
}

int display_width(std::string_view text) {
  int width = 0;
  for (const Cluster& cluster : clusters(decode_utf8(text))) width += cluster.width;
  return width;
}

}  // namespace lrpp
