#pragma once

#include <lrpp/framework/io/image.h>

#include <cstdint>
#include <string_view>

namespace lrpp {

/// The size of letters in pictures, and how high their digits and capitals are, in pixels.
inline constexpr int64_t letter_size = 18, letter_height = 14;
int64_t letters_width(std::string_view text);
/// Draws a line of text into an RGB picture, its capitals' top left corner there; what lies outside is cut
/// off.
void draw_letters(Image& image, int64_t top, int64_t left, std::string_view text);

}  // namespace lrpp
