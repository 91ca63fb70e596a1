#pragma once

#include <lrpp/framework/io/image.h>

namespace lrpp::codec {

/// A picture as its file holds it: grey, grey with alpha, RGB or RGB with alpha (1 to 4 channels).
struct Decoded {
  Image image;
  int orientation = 1;     ///< as EXIF counts: 1 upright, up to 8
  bool deep_grey = false;  ///< the file has grey of 16 bits, without alpha
};

Decoded decode_png(std::string_view bytes, std::string_view where);
Decoded decode_jpeg(std::string_view bytes, std::string_view where);

/// Throws UserError where the picture is larger than the limits, or empty.
void check_size(int64_t height, int64_t width, std::string_view where);

/// The orientation that an EXIF block (it begins with "II" or "MM") gives; 1 where it gives none.
int exif_orientation(std::string_view block);

}  // namespace lrpp::codec
