#pragma once

#include <cairo.h>
#include <glib-object.h>
#include <lrpp/framework/report/color_map.h>
#include <pango/pangocairo.h>

#include <memory>

namespace lrpp {

// Letters in figures: shaped by Pango and drawn by cairo, whatever their script.

struct Release {
  void operator()(cairo_t* p) const { cairo_destroy(p); }
  void operator()(cairo_surface_t* p) const { cairo_surface_destroy(p); }
  void operator()(PangoLayout* p) const { g_object_unref(p); }
  void operator()(PangoContext* p) const { g_object_unref(p); }
};
using Cairo = std::unique_ptr<cairo_t, Release>;
using CairoSurface = std::unique_ptr<cairo_surface_t, Release>;
using Layout = std::unique_ptr<PangoLayout, Release>;

/// A layout whose measures are in points (pixels in a picture) and the same on every surface. Throws
/// UserError where no font is installed: Pango would draw boxes.
Layout make_layout(double size);
double layout_height(const Layout& layout);
double layout_width(const Layout& layout);
double layout_baseline(const Layout& layout);  ///< of its first line, from its top

void set_color(const Cairo& cairo, Rgb color);

}  // namespace lrpp
