#include <lrpp/framework/io/tokenizer/unicode.h>
#include <utf8proc.h>

#include <algorithm>

namespace lrpp::tokenization {
namespace {

utf8proc_category_t category(char32_t c) { return utf8proc_category(static_cast<utf8proc_int32_t>(c)); }

bool in_range(char32_t c, char32_t first, char32_t last) { return first <= c && c <= last; }

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

}  // namespace

char32_t next_code_point(std::string_view utf8, size_t& position) {
  const auto byte = [&](size_t i) {
    return i < utf8.size() ? static_cast<char32_t>(static_cast<unsigned char>(utf8[i])) : char32_t{0};
  };
  const char32_t first = byte(position);
  if (first < 0x80) {
    position += 1;
    return first;
  }
  if (first < 0xE0) {
    const char32_t c = (first & 0x1F) << 6 | (byte(position + 1) & 0x3F);
    position += 2;
    return c;
  }
  if (first < 0xF0) {
    const char32_t c = (first & 0x0F) << 12 | (byte(position + 1) & 0x3F) << 6 | (byte(position + 2) & 0x3F);
    position += 3;
    return c;
  }
  const char32_t c = (first & 0x07) << 18 | (byte(position + 1) & 0x3F) << 12 |
                     (byte(position + 2) & 0x3F) << 6 | (byte(position + 3) & 0x3F);
  position += 4;
  return c;
}

char32_t previous_code_point(std::string_view utf8, size_t end) {
  size_t begin = end - 1;
  while (begin > 0 && is_continuation(utf8[begin])) --begin;
  return next_code_point(utf8, begin);
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | c >> 6));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | c >> 12));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | c >> 18));
    out.push_back(static_cast<char>(0x80 | (c >> 12 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c >> 6 & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (c & 0x3F)));
  }
}

size_t utf8_length(char32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

size_t count_code_points(std::string_view utf8) {
  return static_cast<size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char b) { return !is_continuation(b); }));
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char b) { return static_cast<unsigned char>(b) < 0x80; });
}

size_t utf8_sequence(std::string_view bytes, size_t position, size_t& wrong) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char first = byte(position);
  if (first < 0x80) return 1;
  // The second byte's range depends on the first: no overlong forms, no surrogates, nothing above U+10FFFF.
  size_t length = 0;
  unsigned char low = 0x80, high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  }
  wrong = 1;
  for (size_t i = 1; i < length; ++i) {
    if (position + i >= bytes.size()) return 0;
    const unsigned char next = byte(position + i);
    if (next < low || next > high) return 0;
    low = 0x80;
    high = 0xBF;
    wrong = i + 1;
  }
  return length;
}

size_t find_invalid_utf8(std::string_view bytes) {
  size_t wrong = 0;
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = utf8_sequence(bytes, i, wrong);
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::string utf8_lossy(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  size_t wrong = 0;
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = utf8_sequence(bytes, i, wrong);
    if (length == 0) {
      append_utf8(out, 0xFFFD);
      i += wrong;
    } else {
      out.append(bytes.substr(i, length));
      i += length;
    }
  }
  return out;
}

bool is_white_space(char32_t c) {
  return in_range(c, 0x09, 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         in_range(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_numeric(char32_t c) {
  const auto g = category(c);
  return g == UTF8PROC_CATEGORY_ND || g == UTF8PROC_CATEGORY_NL || g == UTF8PROC_CATEGORY_NO;
}

bool is_punctuation(char32_t c) {
  if (in_range(c, 0x21, 0x2F) || in_range(c, 0x3A, 0x40) || in_range(c, 0x5B, 0x60) ||
      in_range(c, 0x7B, 0x7E)) {
    return true;
  }
  const auto g = category(c);
  return g >= UTF8PROC_CATEGORY_PC && g <= UTF8PROC_CATEGORY_PO;
}

bool is_control_like(char32_t c) {
  const auto g = category(c);
  return g == UTF8PROC_CATEGORY_CC || g == UTF8PROC_CATEGORY_CF || g == UTF8PROC_CATEGORY_CO;
}

bool is_mark(char32_t c) {
  const auto g = category(c);
  return g == UTF8PROC_CATEGORY_MN || g == UTF8PROC_CATEGORY_MC || g == UTF8PROC_CATEGORY_ME;
}

bool is_nonspacing_mark(char32_t c) { return category(c) == UTF8PROC_CATEGORY_MN; }

bool is_cjk_ideograph(char32_t c) {
  return in_range(c, 0x4E00, 0x9FFF) || in_range(c, 0x3400, 0x4DBF) || in_range(c, 0x20000, 0x2A6DF) ||
         in_range(c, 0x2A700, 0x2B81F) || in_range(c, 0x2B920, 0x2CEAF) || in_range(c, 0xF900, 0xFAFF) ||
         in_range(c, 0x2F800, 0x2FA1F);
}

char32_t to_lower(char32_t c, char32_t& second) {
  second = c == 0x130 ? 0x307 : 0;
  if (c == 0x130) return 'i';
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}

}  // namespace lrpp::tokenization
