#pragma once

#include <lrpp/framework/io/image.h>
#include <lrpp/framework/report/color_map.h>

#include <string>
#include <vector>

namespace lrpp {

/// A line of a plot, and the band around it.
struct PlotLine {
  std::string label;
  size_t color = 0;                     ///< index of a plot_color
  bool dashed = false;                  ///< told apart without colour
  std::vector<double> x, y, low, high;  ///< as many of each; x ascending
};

struct Plot {
  std::string title, x_label, y_label;
  std::vector<PlotLine> lines;
};

/// Colours that differ for every kind of colour blindness (Okabe and Ito 2008), on white as on black; after
/// the last the first comes again.
Rgb plot_color(size_t index);

/// The ends and the marks of an axis.
struct PlotAxis {
  double begin = 0, end = 1;
  std::vector<double> ticks;
};
/// The axis of what the lines and their bands hold.
PlotAxis value_axis(const Plot& plot);
/// Ends a little beyond the values, marks at round numbers. Of no values, or equal ones, an axis around them.
PlotAxis plot_axis(double smallest, double largest);

/// All plots below each other, with the legend of each, as a picture.
Image draw_plots(const std::vector<Plot>& plots);

/// A plot as an <svg> element whose text and frame take the colours of the page around it.
std::string plot_svg(const Plot& plot);

}  // namespace lrpp
