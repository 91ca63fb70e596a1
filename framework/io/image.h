#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lrpp {

/// A picture with 8 bits a channel: [height, width, channels], row by row.
struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> pixels;
};

/// Pictures of more pixels, or longer on one side, are refused before memory is taken for them.
inline constexpr int64_t max_image_pixels = int64_t{1} << 28;
inline constexpr int64_t max_image_side = 1'000'000;

/// Reads a PNG or JPEG file, told by its first bytes and not by its name, as grey (`channels` 1) or RGB (3).
///
/// Pixels are those that Pillow gives after exif_transpose and convert("L") or convert("RGB"), as
/// transformers reads pictures: turned as EXIF asks, transparency dropped, the high byte of 16 bits, grey as
/// 0.299 R + 0.587 G + 0.114 B, CMYK by Adobe's conventions. Where that may not be what a user expects, a
/// sentence goes to `warnings`: for a turned picture, for one with transparent parts, and for 16-bit grey.
/// (Pillow cuts the latter off at 255 of 65535, which turns nearly every picture white; here it keeps its
/// high byte as RGB does.)
///
/// Throws UserError, headed "[image PATH]", for files that are missing, damaged, cut short, too large or no
/// PNG or JPEG.
Image read_image(const std::filesystem::path& path, int64_t channels, std::vector<std::string>& warnings);

/// The same for the bytes of a file; `where` heads the messages.
Image decode_image(std::string_view bytes, int64_t channels, std::string_view where,
                   std::vector<std::string>& warnings);

/// Words that travel with a PNG: (keyword of 1 to 79 Latin-1 characters, UTF-8 text).
using ImageTexts = std::vector<std::pair<std::string, std::string>>;

/// A grey or RGB picture as the bytes of a PNG file.
std::string encode_png(const Image& image, const ImageTexts& texts = {});

/// Writes a PNG file whole or not at all.
void write_png(const std::filesystem::path& path, const Image& image, const ImageTexts& texts = {});

}  // namespace lrpp
