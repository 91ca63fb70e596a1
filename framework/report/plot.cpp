#include <fmt/format.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/plot.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

namespace lrpp {
namespace {

constexpr double width = 640, height = 360, left = 70, right = 20, top = 20, bottom = 50;

/// From values to the places of the plot's frame.
struct Frame {
  PlotAxis x, y;
  double at_x(double v) const { return left + (v - x.begin) / (x.end - x.begin) * (width - left - right); }
  double at_y(double v) const {
    return height - bottom - (v - y.begin) / (y.end - y.begin) * (height - top - bottom);
  }
};

Frame frame_of(const Plot& plot) { return {{0, 1, {0, 0.2, 0.4, 0.6, 0.8, 1}}, value_axis(plot)}; }

std::string points(const Frame& frame, const std::vector<double>& x, const std::vector<double>& y) {
  std::string result;
  for (size_t i = 0; i < x.size(); ++i)
    fmt::format_to(std::back_inserter(result), "{:.1f},{:.1f} ", frame.at_x(x[i]), frame.at_y(y[i]));
  return result;
}

}  // namespace

Rgb plot_color(size_t index) {
  constexpr std::array<Rgb, 14> colors{{{0, 114, 178},
                                        {213, 94, 0},
                                        {0, 158, 115},
                                        {204, 121, 167},
                                        {230, 159, 0},
                                        {86, 180, 233},
                                        {128, 128, 128},
                                        {150, 130, 0},
                                        {118, 42, 131},
                                        {178, 24, 43},
                                        {53, 151, 143},
                                        {140, 86, 75},
                                        {247, 104, 161},
                                        {90, 174, 97}}};
  return colors[index % colors.size()];
}

PlotAxis value_axis(const Plot& plot) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const PlotLine& line : plot.lines) {
    for (const auto* values : {&line.y, &line.low, &line.high}) {
      for (const double v : *values) {
        low = std::min(low, v);
        high = std::max(high, v);
      }
    }
  }
  return plot_axis(low, high);
}

PlotAxis plot_axis(double smallest, double largest) {
  if (!(smallest <= largest)) smallest = 0, largest = 1;
  if (smallest == largest) {
    const double around = std::max(std::abs(smallest), 1.0) / 2;
    smallest -= around;
    largest += around;
  }
  const double margin = (largest - smallest) * 0.04;
  PlotAxis axis{smallest - margin, largest + margin, {}};
  // About five marks, 1, 2 or 5 times a power of ten apart.
  const double wanted = (axis.end - axis.begin) / 5, power = std::pow(10, std::floor(std::log10(wanted)));
  const double share = wanted / power;
  const double step = power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
  for (double k = std::ceil(axis.begin / step); k * step <= axis.end; ++k)
    axis.ticks.push_back(k == 0 ? 0 : k * step);
  return axis;
}

std::string plot_svg(const Plot& plot) {
  const Frame frame = frame_of(plot);
  std::string svg;
  const auto put = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(svg), format, std::forward<Args>(args)...);
  };
  put("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" font-size=\"13\" fill=\"currentColor\">\n",
      width, height, escape_html(plot.title));
  for (const double tick : frame.y.ticks) {
    const double y = frame.at_y(tick);
    put("<path d=\"M{} {:.1f}H{}\" stroke=\"var(--line)\"/><text x=\"{}\" y=\"{:.1f}\" "
        "text-anchor=\"end\">{:.6g}</text>\n",
        left, y, width - right, left - 8, y + 4, tick);
  }
  for (const double tick : frame.x.ticks) {
    put("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.6g}</text>\n", frame.at_x(tick),
        height - bottom + 18, tick);
  }
  put("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", (left + width - right) / 2, height - 8,
      escape_html(plot.x_label));
  put("<text transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
      (top + height - bottom) / 2, escape_html(plot.y_label));
  for (const PlotLine& line : plot.lines) {
    const std::string color = hex(plot_color(line.color));
    std::vector<double> around_x = line.x, around_y = line.low;
    around_x.insert(around_x.end(), line.x.rbegin(), line.x.rend());
    around_y.insert(around_y.end(), line.high.rbegin(), line.high.rend());
    put("<polygon points=\"{}\" fill=\"{}\" opacity=\".15\"/>\n", points(frame, around_x, around_y), color);
    put("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" "
        "stroke-width=\"2\"{}><title>{}</title></polyline>\n",
        points(frame, line.x, line.y), color, line.dashed ? " stroke-dasharray=\"7 4\"" : "",
        escape_html(line.label));
  }
  put("<path d=\"M{} {}V{}H{}\" fill=\"none\" stroke=\"currentColor\"/>\n</svg>\n", left, top,
      height - bottom, width - right);
  return svg;
}

}  // namespace lrpp
