#pragma once

#include <lrpp/framework/io/image.h>

#include <string_view>

namespace lrpp {

enum class Resampling { nearest, bilinear, bicubic };
std::string_view to_string(Resampling resampling);

/// The picture in another size, byte for byte as Pillow 13 gives it: filters that widen where a picture is
/// made smaller (so that every pixel counts), bicubic with a = -0.5, one pass a direction with the result
/// rounded to 8 bits after each. Both sides of the new size must be positive.
Image resize(const Image& image, int64_t height, int64_t width, Resampling resampling);

/// The part of the picture that begins at row `top` and column `left`, either of which may be negative; what
/// lies outside the picture is black.
Image crop(const Image& image, int64_t top, int64_t left, int64_t height, int64_t width);

}  // namespace lrpp
