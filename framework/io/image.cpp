#include <lrpp/framework/error.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/io/image_codecs.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace lrpp {
namespace {

using namespace std::literals;

constexpr uint64_t max_file_bytes = uint64_t{1} << 30;

struct Signature {
  size_t offset;
  std::string_view bytes;
  std::string_view name;
};
// What a file says that it is; those that are not read are named, so that the user knows what to convert.
constexpr std::array<Signature, 10> signatures = {{{0, "\x89PNG\r\n\x1a\n"sv, "PNG"},
                                                   {0, "\xff\xd8\xff"sv, "JPEG"},
                                                   {0, "GIF8"sv, "GIF"},
                                                   {0, "BM"sv, "BMP"},
                                                   {8, "WEBP"sv, "WebP"},
                                                   {0, "II*\0"sv, "TIFF"},
                                                   {0, "MM\0*"sv, "TIFF"},
                                                   {4, "ftyp"sv, "HEIC or AVIF"},
                                                   {0, "\0\0\0\x0cjP  "sv, "JPEG 2000"},
                                                   {0, "\xff\x0a"sv, "JPEG XL"}}};

std::string_view kind_of(std::string_view bytes) {
  for (const Signature& s : signatures) {
    if (bytes.size() >= s.offset + s.bytes.size() && bytes.substr(s.offset, s.bytes.size()) == s.bytes)
      return s.name;
  }
  return "";
}

/// ITU-R 601 luma in 16-bit fixed point, rounded: the weights that Pillow uses.
uint8_t luma(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595U + rgb[1] * 38470U + rgb[2] * 7471U + 0x8000U) >> 16);
}

/// Whether a picture with alpha (its last channel) shows through anywhere.
bool shows_through(const Image& image) {
  const auto step = static_cast<size_t>(image.channels);
  for (size_t i = step - 1; i < image.pixels.size(); i += step) {
    if (image.pixels[i] != 255) return true;
  }
  return false;
}

/// Drops alpha and changes between grey and RGB.
Image with_channels(Image image, int64_t channels) {
  if (image.channels == channels) return image;
  const bool colour = image.channels >= 3;
  const auto from = static_cast<size_t>(image.channels), to = static_cast<size_t>(channels);
  const size_t count = image.pixels.size() / from;
  std::vector<uint8_t> wider;
  if (to > from) wider.resize(count * to);
  // Where pixels get smaller they move towards the front, never past one that is still to be read.
  uint8_t* target = to > from ? wider.data() : image.pixels.data();
  const uint8_t* source = image.pixels.data();
  for (size_t i = 0; i < count; ++i, source += from, target += to) {
    if (to == 1) {
      *target = colour ? luma(source) : *source;
    } else if (colour) {
      std::copy_n(source, 3, target);
    } else {
      std::fill_n(target, 3, *source);
    }
  }
  if (to > from) {
    image.pixels = std::move(wider);
  } else {
    image.pixels.resize(count * to);
  }
  image.channels = channels;
  return image;
}

/// The picture upright: an orientation of 5 to 8 swaps rows and columns, and each side may run backwards.
Image upright(Image image, int orientation) {
  if (orientation == 1) return image;
  const auto one_of = [orientation](std::string_view digits) {
    return digits.find(static_cast<char>('0' + orientation)) != std::string_view::npos;
  };
  const bool swapped = orientation >= 5, rows_back = one_of("3467"), columns_back = one_of("2378");
  Image result{
      swapped ? image.width : image.height, swapped ? image.height : image.width, image.channels, {}};
  result.pixels.resize(image.pixels.size());
  uint8_t* target = result.pixels.data();
  for (int64_t y = 0; y < result.height; ++y) {
    for (int64_t x = 0; x < result.width; ++x, target += image.channels) {
      const int64_t row = swapped ? x : y, column = swapped ? y : x;
      const int64_t from = (rows_back ? image.height - 1 - row : row) * image.width +
                           (columns_back ? image.width - 1 - column : column);
      std::copy_n(image.pixels.data() + from * image.channels, image.channels, target);
    }
  }
  return result;
}

}  // namespace

namespace codec {

void check_size(int64_t height, int64_t width, std::string_view where) {
  require(height > 0 && width > 0, where, "a picture needs at least one pixel; this one is {} x {}", width,
          height);
  require(height <= max_image_side && width <= max_image_side && height <= max_image_pixels / width, where,
          "pictures of at most {} pixels and {} on a side are read; this one is {} x {}. Make it smaller",
          max_image_pixels, max_image_side, width, height);
}

int exif_orientation(std::string_view block) {
  if (block.size() < 8) return 1;
  const bool little = block.substr(0, 2) == "II";
  if (!little && block.substr(0, 2) != "MM") return 1;
  const auto number = [&](size_t at, size_t size) {
    size_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      const auto byte = static_cast<unsigned char>(block[at + (little ? size - 1 - i : i)]);
      value = value << 8 | byte;
    }
    return value;
  };
  const size_t directory = number(4, 4);
  if (directory > block.size() - 2) return 1;
  const size_t entries = number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > block.size()) return 1;
    if (number(entry, 2) != 0x0112) continue;
    const size_t value = number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace codec

Image decode_image(std::string_view bytes, int64_t channels, std::string_view where,
                   std::vector<std::string>& warnings) {
  require(channels == 1 || channels == 3, where,
          "pictures are read as grey (1 channel) or RGB (3); {} channels are asked for", channels);
  require(!bytes.empty(), where, "a PNG or JPEG file is required; this one is empty");
  const std::string_view kind = kind_of(bytes);
  require(!kind.empty(), where, "a PNG or JPEG file is required; this one is neither. Check the path");
  require(kind == "PNG" || kind == "JPEG", where,
          "a PNG or JPEG file is required; this one is {}. Convert it to PNG", kind);
  codec::Decoded decoded = kind == "PNG" ? codec::decode_png(bytes, where) : codec::decode_jpeg(bytes, where);
  if (decoded.image.channels % 2 == 0 && shows_through(decoded.image)) {
    warnings.push_back(fmt::format(
        "[{}] the picture has transparent parts; its colours are taken without them, as Pillow does. Put it "
        "on a background first if that is not what the model saw",
        where));
  }
  if (decoded.orientation != 1) {
    warnings.push_back(fmt::format(
        "[{}] the picture is turned as it asks (EXIF orientation {}), as transformers does; loaders that do "
        "not, such as torchvision's, show the model another picture",
        where, decoded.orientation));
  }
  if (decoded.deep_grey) {
    warnings.push_back(fmt::format(
        "[{}] of 16-bit grey the high byte is taken; Pillow's convert() cuts it off at 255 instead", where));
  }
  return with_channels(upright(std::move(decoded.image), decoded.orientation), channels);
}

Image read_image(const std::filesystem::path& path, int64_t channels, std::vector<std::string>& warnings) {
  return decode_image(read_file(path, max_file_bytes, "image"), channels,
                      fmt::format("image {}", path.string()), warnings);
}

void write_png(const std::filesystem::path& path, const Image& image, const ImageTexts& texts) {
  write_atomically(path, encode_png(image, texts));
}

}  // namespace lrpp
