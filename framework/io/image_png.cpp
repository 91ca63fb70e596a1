#include <lrpp/framework/error.h>
#include <lrpp/framework/io/image_codecs.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>

namespace lrpp {
namespace {

// libpng reports errors by longjmp, which must not pass over objects with destructors. So every call to it is
// made from `guarded`, by a function that owns nothing; all else happens outside, where exceptions work.

/// What the callbacks of libpng see.
struct Context {
  std::array<char, 200> message{};
  std::string_view input;  ///< what is still to be read
  std::string output;      ///< what has been written
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* context = static_cast<Context*>(png_get_error_ptr(png));
  std::snprintf(context->message.data(), context->message.size(), "%s", message);
  png_longjmp(png, 1);
}

/// Warnings are of chunks that do not change the pixels.
void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep target, size_t count) {
  auto* context = static_cast<Context*>(png_get_io_ptr(png));
  if (count > context->input.size()) png_error(png, "the file ends too early");
  std::memcpy(target, context->input.data(), count);
  context->input.remove_prefix(count);
}

void on_write(png_structp png, png_bytep bytes, size_t count) {
  bool full = false;
  try {
    static_cast<Context*>(png_get_io_ptr(png))->output.append(reinterpret_cast<const char*>(bytes), count);
  } catch (const std::exception&) {
    full = true;
  }
  if (full) png_error(png, "out of memory");
}

/// Owns libpng's structures.
struct Png {
  enum class Use { read, write };
  Png(Use use, Context& context) : use_(use) {
    png = use == Use::read ? png_create_read_struct(PNG_LIBPNG_VER_STRING, &context, on_error, on_warning)
                           : png_create_write_struct(PNG_LIBPNG_VER_STRING, &context, on_error, on_warning);
    info = png != nullptr ? png_create_info_struct(png) : nullptr;
    if (info == nullptr) {
      destroy();
      throw std::bad_alloc();
    }
  }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
  ~Png() { destroy(); }

  png_structp png = nullptr;
  png_infop info = nullptr;

 private:
  void destroy() {
    if (use_ == Use::read) {
      png_destroy_read_struct(&png, &info, nullptr);
    } else {
      png_destroy_write_struct(&png, &info);
    }
  }
  Use use_;
};

/// Runs `steps(arguments)`; false where libpng gave up on it.
template <class Arguments>
bool guarded(png_structp png, void (*steps)(Arguments&), Arguments& arguments) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  steps(arguments);
  return true;
}

struct Reading {
  png_structp png;
  png_infop info;
  Context* context;
  png_bytepp rows;
};

void read_header(Reading& r) {
  png_set_read_fn(r.png, r.context, on_read);
  // Our own limits are checked next, with a message that names them.
  png_set_user_limits(r.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(r.png, r.info);
}

/// From here on rows are 8 bits a channel, without palette.
void set_transforms(Reading& r) {
  png_set_expand(r.png);
  png_set_strip_16(r.png);
  png_set_interlace_handling(r.png);
  png_read_update_info(r.png, r.info);
}

void read_rows(Reading& r) {
  png_read_image(r.png, r.rows);
  png_read_end(r.png, r.info);
}

int orientation_of(png_structp png, png_infop info) {
  png_bytep block = nullptr;
  png_uint_32 size = 0;
  if (png_get_eXIf_1(png, info, &size, &block) == 0) return 1;
  return codec::exif_orientation({reinterpret_cast<const char*>(block), size});
}

struct Writing {
  png_structp png;
  png_infop info;
  Context* context;
  const Image* image;
  png_textp texts;
  int num_texts;
};

void write_all(Writing& w) {
  const Image& image = *w.image;
  png_set_write_fn(w.png, w.context, on_write, nullptr);
  png_set_IHDR(w.png, w.info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
               8, image.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_text(w.png, w.info, w.texts, w.num_texts);
  png_write_info(w.png, w.info);
  const auto row = static_cast<size_t>(image.width * image.channels);
  for (int64_t y = 0; y < image.height; ++y)
    png_write_row(w.png, image.pixels.data() + static_cast<size_t>(y) * row);
  png_write_end(w.png, w.info);
}

png_text text_chunk(const std::pair<std::string, std::string>& text) {
  png_text chunk{};
  // tEXt is known to every reader but holds Latin-1; iTXt holds UTF-8.
  const bool ascii = std::all_of(text.second.begin(), text.second.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 128; });
  chunk.compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
  chunk.key = const_cast<char*>(text.first.c_str());
  chunk.text = const_cast<char*>(text.second.c_str());
  return chunk;
}

}  // namespace

codec::Decoded codec::decode_png(std::string_view bytes, std::string_view where) {
  Context context;
  context.input = bytes;
  const Png png(Png::Use::read, context);
  Reading reading{png.png, png.info, &context, nullptr};
  const auto run = [&](void (*steps)(Reading&)) {
    if (!guarded(png.png, steps, reading))
      fail(where, "the PNG file is damaged or cut short: {}", context.message.data());
  };
  run(read_header);
  codec::Decoded result;
  Image& image = result.image;
  image.height = png_get_image_height(png.png, png.info);
  image.width = png_get_image_width(png.png, png.info);
  check_size(image.height, image.width, where);
  result.deep_grey = png_get_bit_depth(png.png, png.info) == 16 &&
                     png_get_color_type(png.png, png.info) == PNG_COLOR_TYPE_GRAY;
  run(set_transforms);
  image.channels = png_get_channels(png.png, png.info);
  const size_t row = png_get_rowbytes(png.png, png.info);
  LRPP_ASSERT(row == static_cast<size_t>(image.width * image.channels), "a row has {} bytes", row);
  image.pixels.resize(static_cast<size_t>(image.height) * row);
  std::vector<png_bytep> rows(static_cast<size_t>(image.height));
  for (size_t y = 0; y < rows.size(); ++y) rows[y] = image.pixels.data() + y * row;
  reading.rows = rows.data();
  run(read_rows);
  result.orientation = orientation_of(png.png, png.info);
  return result;
}

std::string encode_png(const Image& image, const ImageTexts& texts) {
  LRPP_ASSERT(image.channels == 1 || image.channels == 3, "a picture of {} channels", image.channels);
  LRPP_ASSERT(image.pixels.size() == static_cast<size_t>(image.height * image.width * image.channels),
              "the pixels do not fill the picture");
  std::vector<png_text> chunks;
  for (const auto& text : texts) chunks.push_back(text_chunk(text));
  Context context;
  const Png png(Png::Use::write, context);
  Writing writing{png.png, png.info, &context, &image, chunks.data(), static_cast<int>(chunks.size())};
  if (!guarded(png.png, write_all, writing))
    fail("png", "the picture cannot be written as PNG: {}", context.message.data());
  return std::move(context.output);
}

}  // namespace lrpp
