#include <lrpp/framework/error.h>
#include <lrpp/framework/report/pango_layout.h>

namespace lrpp {
namespace {

/// Whether there is a font: Pango names a few families where there is none.
bool has_font(const Layout& layout) {
  pango_layout_set_text(layout.get(), "0", -1);
  return pango_layout_get_unknown_glyphs_count(layout.get()) == 0;
}

}  // namespace

Layout make_layout(double size) {
  const std::unique_ptr<PangoContext, Release> context(
      pango_font_map_create_context(pango_cairo_font_map_get_default()));
  pango_cairo_context_set_resolution(context.get(), 72);  // a point is a unit
  // Without hints, which round to pixels, lines break at the same words in a PNG and in an SVG.
  cairo_font_options_t* options = cairo_font_options_create();
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  pango_cairo_context_set_font_options(context.get(), options);
  cairo_font_options_destroy(options);
  pango_context_set_round_glyph_positions(context.get(), FALSE);
  Layout layout(pango_layout_new(context.get()));
  PangoFontDescription* font = pango_font_description_from_string("sans-serif");
  pango_font_description_set_absolute_size(font, size * PANGO_SCALE);
  pango_layout_set_font_description(layout.get(), font);
  pango_font_description_free(font);
  require(
      has_font(layout), "figure",
      "an installed font is needed to draw letters; there is none. Install one (Debian: fonts-dejavu-core)");
  return layout;
}

double layout_height(const Layout& layout) {
  int height = 0;
  pango_layout_get_size(layout.get(), nullptr, &height);
  return static_cast<double>(height) / PANGO_SCALE;
}

double layout_width(const Layout& layout) {
  int width = 0;
  pango_layout_get_size(layout.get(), &width, nullptr);
  return static_cast<double>(width) / PANGO_SCALE;
}

double layout_baseline(const Layout& layout) {
  return static_cast<double>(pango_layout_get_baseline(layout.get())) / PANGO_SCALE;
}

void set_color(const Cairo& cairo, Rgb color) {
  cairo_set_source_rgb(cairo.get(), color.red / 255.0, color.green / 255.0, color.blue / 255.0);
}

}  // namespace lrpp
