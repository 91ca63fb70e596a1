#include <lrpp/framework/error.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/letters.h>
#include <lrpp/framework/report/pango_layout.h>

#include <cmath>

namespace lrpp {
namespace {

Layout make_line(std::string_view text) {
  Layout line = make_layout(letter_size);
  pango_layout_set_text(line.get(), text.data(), static_cast<int>(text.size()));
  pango_layout_set_single_paragraph_mode(line.get(), TRUE);
  return line;
}

/// Mixes the colour of text into a pixel; a share of 255 is all of it.
void blend(Image& image, int64_t y, int64_t x, uint8_t share) {
  if (y < 0 || y >= image.height || x < 0 || x >= image.width) return;
  const Rgb ink = page_text(Theme::light);
  uint8_t* pixel = image.pixels.data() + (y * image.width + x) * 3;
  for (const uint8_t part : {ink.red, ink.green, ink.blue}) {
    *pixel = static_cast<uint8_t>(*pixel + (part - *pixel) * share / 255);
    ++pixel;
  }
}

}  // namespace

int64_t letters_width(std::string_view text) {
  return static_cast<int64_t>(std::ceil(layout_width(make_line(text))));
}

void draw_letters(Image& image, int64_t top, int64_t left, std::string_view text) {
  const Layout line = make_line(text);
  const int64_t above = static_cast<int64_t>(layout_baseline(line)) - letter_height;
  const auto height = static_cast<int>(std::ceil(layout_height(line)));
  const auto width = static_cast<int>(std::ceil(layout_width(line))) + 1;
  const CairoSurface surface(cairo_image_surface_create(CAIRO_FORMAT_A8, width, height));
  const Cairo cairo(cairo_create(surface.get()));
  pango_cairo_show_layout(cairo.get(), line.get());
  cairo_surface_flush(surface.get());
  LRPP_ASSERT(cairo_status(cairo.get()) == CAIRO_STATUS_SUCCESS, "cairo drew no letters");
  const unsigned char* shares = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) blend(image, top - above + y, left + x, shares[y * stride + x]);
  }
}

}  // namespace lrpp
