#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lrpp::tokenization {

/// Reads the code point at `position` of valid UTF-8 and moves `position` behind it.
char32_t next_code_point(std::string_view utf8, size_t& position);

/// The code point that ends where `end` > 0 points.
char32_t previous_code_point(std::string_view utf8, size_t end);

void append_utf8(std::string& out, char32_t code_point);
size_t utf8_length(char32_t code_point);
size_t count_code_points(std::string_view utf8);
bool is_ascii(std::string_view text);

/// The length of the valid UTF-8 sequence at `position`, or 0. `wrong` receives how many bytes form the
/// maximal part of an ill-formed sequence (Unicode 15, section 3.9, U+FFFD substitution of maximal subparts).
size_t utf8_sequence(std::string_view bytes, size_t position, size_t& wrong);

/// The first byte that is not part of valid UTF-8, or npos.
size_t find_invalid_utf8(std::string_view bytes);

/// Bytes as text; each maximal ill-formed part becomes U+FFFD.
std::string utf8_lossy(std::string_view bytes);

/// Unicode property White_Space.
bool is_white_space(char32_t c);
/// General category N.
bool is_numeric(char32_t c);
/// ASCII punctuation (which includes symbols such as `$`), or general category P.
bool is_punctuation(char32_t c);
/// General categories Cc, Cf, Co.
bool is_control_like(char32_t c);
/// General category M.
bool is_mark(char32_t c);
/// General category Mn.
bool is_nonspacing_mark(char32_t c);
/// Blocks that BERT splits into single characters.
bool is_cjk_ideograph(char32_t c);
/// The lower case of one code point without context; `second` receives U+0307 for U+0130, else 0.
char32_t to_lower(char32_t c, char32_t& second);

}  // namespace lrpp::tokenization
