#include <lrpp/framework/error.h>
#include <lrpp/framework/io/image_codecs.h>

// jpeglib.h needs the two before it.
#include <cstddef>
#include <cstdio>
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <algorithm>
#include <csetjmp>

namespace lrpp {
namespace {

// As with libpng: errors are longjmps, so the library is only called from functions that own nothing.

/// A progressive file may hold scans without end, each of which costs a pass over the whole picture.
constexpr int most_scans = 500;

/// Owns the decoder, and is what the callbacks see. Its first members are what libjpeg points to.
struct Jpeg {
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  jpeg_decompress_struct decoder{};
  std::jmp_buf jump{};
  char message[JMSG_LENGTH_MAX] = "";
  std::string_view input;
  uint8_t* pixels = nullptr;
  size_t row_bytes = 0;

  Jpeg() = default;
  Jpeg(const Jpeg&) = delete;
  Jpeg& operator=(const Jpeg&) = delete;
  ~Jpeg() { jpeg_destroy_decompress(&decoder); }
};

Jpeg& of(j_common_ptr decoder) { return *static_cast<Jpeg*>(decoder->client_data); }

[[noreturn]] void on_error(j_common_ptr decoder) {
  Jpeg& jpeg = of(decoder);
  decoder->err->format_message(decoder, jpeg.message);
  std::longjmp(jpeg.jump, 1);
}

/// Levels below 0 are warnings, after which libjpeg carries on with made-up pixels.
void on_message(j_common_ptr decoder, int level) {
  if (level >= 0) return;
  switch (decoder->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:  // bytes between markers: cameras pad with them
    case JWRN_ADOBE_XFORM:      // an unknown colour code, for which libjpeg has a default
    case JWRN_JFIF_MAJOR:
      return;
    default:
      on_error(decoder);
  }
}

void on_progress(j_common_ptr decoder) {
  Jpeg& jpeg = of(decoder);
  if (jpeg.decoder.input_scan_number <= most_scans) return;
  std::snprintf(jpeg.message, sizeof jpeg.message, "more than %d scans", most_scans);
  std::longjmp(jpeg.jump, 1);
}

bool guarded(Jpeg& jpeg, void (*steps)(Jpeg&)) {
  if (setjmp(jpeg.jump) != 0) return false;
  steps(jpeg);
  return true;
}

void read_header(Jpeg& jpeg) {
  jpeg_create_decompress(&jpeg.decoder);
  jpeg.decoder.client_data = &jpeg;
  jpeg.decoder.progress = &jpeg.progress;
  jpeg_mem_src(&jpeg.decoder, reinterpret_cast<const unsigned char*>(jpeg.input.data()),
               static_cast<unsigned long>(jpeg.input.size()));
  jpeg_save_markers(&jpeg.decoder, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&jpeg.decoder, TRUE);
}

void start(Jpeg& jpeg) {
  switch (jpeg.decoder.jpeg_color_space) {
    case JCS_GRAYSCALE:
      jpeg.decoder.out_color_space = JCS_GRAYSCALE;
      break;
    case JCS_CMYK:
    case JCS_YCCK:
      jpeg.decoder.out_color_space = JCS_CMYK;
      break;
    default:
      jpeg.decoder.out_color_space = JCS_RGB;
  }
  jpeg_start_decompress(&jpeg.decoder);
}

void read_rows(Jpeg& jpeg) {
  while (jpeg.decoder.output_scanline < jpeg.decoder.output_height) {
    JSAMPROW row = jpeg.pixels + jpeg.decoder.output_scanline * jpeg.row_bytes;
    jpeg_read_scanlines(&jpeg.decoder, &row, 1);
  }
  jpeg_finish_decompress(&jpeg.decoder);
}

/// CMYK as Adobe stores it, every ink inverted, to RGB: each colour is (1 - ink) (1 - black), as Pillow has
/// it.
void cmyk_to_rgb(Image& image) {
  const size_t count = image.pixels.size() / 4;
  uint8_t* target = image.pixels.data();
  const uint8_t* source = image.pixels.data();
  for (size_t i = 0; i < count; ++i, source += 4, target += 3) {
    const unsigned light = source[3];
    for (size_t c = 0; c < 3; ++c) {
      const unsigned product = (255U - source[c]) * light + 128U;
      target[c] = static_cast<uint8_t>(light - (((product >> 8) + product) >> 8));
    }
  }
  image.pixels.resize(3 * count);
  image.channels = 3;
}

int orientation_of(const jpeg_decompress_struct& decoder) {
  constexpr std::string_view head("Exif\0\0", 6);
  for (jpeg_saved_marker_ptr marker = decoder.marker_list; marker != nullptr; marker = marker->next) {
    const std::string_view block(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (block.starts_with(head)) return codec::exif_orientation(block.substr(head.size()));
  }
  return 1;
}

}  // namespace

codec::Decoded codec::decode_jpeg(std::string_view bytes, std::string_view where) {
  Jpeg jpeg;
  jpeg.decoder.err = jpeg_std_error(&jpeg.errors);
  jpeg.errors.error_exit = on_error;
  jpeg.errors.emit_message = on_message;
  jpeg.progress.progress_monitor = on_progress;
  jpeg.decoder.client_data = &jpeg;
  jpeg.input = bytes;
  const auto run = [&](void (*steps)(Jpeg&)) {
    if (!guarded(jpeg, steps)) fail(where, "the JPEG file is damaged or cut short: {}", jpeg.message);
  };
  run(read_header);
  check_size(jpeg.decoder.image_height, jpeg.decoder.image_width, where);
  run(start);
  codec::Decoded result{
      {jpeg.decoder.output_height, jpeg.decoder.output_width, jpeg.decoder.output_components, {}},
      orientation_of(jpeg.decoder)};
  Image& image = result.image;
  jpeg.row_bytes = static_cast<size_t>(image.width * image.channels);
  image.pixels.resize(static_cast<size_t>(image.height) * jpeg.row_bytes);
  jpeg.pixels = image.pixels.data();
  run(read_rows);
  if (image.channels == 4) cmyk_to_rgb(image);
  return result;
}

}  // namespace lrpp
