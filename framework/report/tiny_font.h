#pragma once

#include <cstdint>

namespace lrpp {

/// Just enough of a font to write numbers and names into pictures, of dots: 0-9, a-z, A-Z and
/// + - . ( ) [ ] = , _ / % :. Others are blank.
inline constexpr int64_t tiny_font_height = 7, tiny_font_width = 5;
bool tiny_font_dot(char character, int64_t row, int64_t column);

}  // namespace lrpp
