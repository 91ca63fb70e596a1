#include <fmt/format.h>
#include <lrpp/framework/report/letters.h>
#include <lrpp/framework/report/plot.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace lrpp {
namespace {

constexpr int64_t plot_width = 960, plot_height = 480, left = 110, right = 30, top = 50, bottom = 70;
constexpr int64_t row_height = 22, key_width = 44;
constexpr Rgb grid{225, 225, 225};

/// An RGB picture that is drawn on; what lies outside is cut off.
class Canvas {
 public:
  Canvas(int64_t height, int64_t width) : image_{height, width, 3, {}} {
    image_.pixels.assign(static_cast<size_t>(height * width * 3), 255);
  }

  void blend(int64_t y, int64_t x, Rgb color, double share) {
    if (y < 0 || y >= image_.height || x < 0 || x >= image_.width || share <= 0) return;
    uint8_t* pixel = image_.pixels.data() + (y * image_.width + x) * 3;
    const std::array<uint8_t, 3> parts{color.red, color.green, color.blue};
    for (size_t k = 0; k < 3; ++k)
      pixel[k] = static_cast<uint8_t>(std::lround(pixel[k] + (parts[k] - pixel[k]) * std::min(share, 1.0)));
  }

  void text(int64_t at_top, int64_t at_left, std::string_view line) {
    draw_letters(image_, at_top, at_left, line);
  }

  /// A line of two pixels' width with smooth edges; dashes go on at `along`, the length drawn before.
  void line(double x0, double y0, double x1, double y1, Rgb color, bool dashed, double along = 0) {
    const double dx = x1 - x0, dy = y1 - y0, length = std::hypot(dx, dy);
    const auto floor_of = [](double v) { return static_cast<int64_t>(std::floor(v)); };
    for (int64_t y = floor_of(std::min(y0, y1)) - 2; y <= floor_of(std::max(y0, y1)) + 2; ++y) {
      for (int64_t x = floor_of(std::min(x0, x1)) - 2; x <= floor_of(std::max(x0, x1)) + 2; ++x) {
        const double px = static_cast<double>(x) - x0, py = static_cast<double>(y) - y0;
        const double t = length > 0 ? std::clamp((px * dx + py * dy) / (length * length), 0.0, 1.0) : 0;
        if (dashed && std::fmod(along + t * length, 14) > 9) continue;
        const double distance = std::hypot(px - t * dx, py - t * dy);
        // Pixels are shared by neighbouring pieces: the strongest of them, not their sum, would be right, and
        // at this width the eye does not tell.
        blend(y, x, color, 1.5 - distance);
      }
    }
  }

  Image take() { return std::move(image_); }

 private:
  Image image_;
};

class Drawing {
 public:
  Drawing(Canvas& canvas, const Plot& plot, int64_t begin)
      : canvas_(canvas), plot_(plot), begin_(begin), y_(value_axis(plot)) {}

  void draw() {
    canvas_.text(begin_ + 8, left, plot_.title);
    axes();
    for (const PlotLine& line : plot_.lines) band(line);
    for (const PlotLine& line : plot_.lines) curve(line);
    legend();
  }

 private:
  double at_x(double v) const { return left + v * (plot_width - left - right); }
  double at_y(double v) const {
    return static_cast<double>(begin_ + plot_height - bottom) -
           (v - y_.begin) / (y_.end - y_.begin) * (plot_height - top - bottom);
  }

  void axes() {
    for (const double tick : y_.ticks) {
      canvas_.line(left, at_y(tick), plot_width - right, at_y(tick), grid, false);
      const std::string number = fmt::format("{:.6g}", tick);
      canvas_.text(static_cast<int64_t>(at_y(tick)) - 7, left - 12 - letters_width(number), number);
    }
    const int64_t floor = begin_ + plot_height - bottom;
    for (int k = 0; k <= 5; ++k) {
      const std::string number = fmt::format("{:.1f}", k / 5.0);
      canvas_.text(floor + 10, static_cast<int64_t>(at_x(k / 5.0)) - letters_width(number) / 2, number);
    }
    canvas_.text(floor + 36, (left + plot_width - right - letters_width(plot_.x_label)) / 2, plot_.x_label);
    // No turned letters: what is followed stands above its axis.
    canvas_.text(begin_ + 32, left, plot_.y_label);
    const Rgb ink = page_text(Theme::light);
    canvas_.line(left, begin_ + top, left, static_cast<double>(floor), ink, false);
    canvas_.line(left, static_cast<double>(floor), plot_width - right, static_cast<double>(floor), ink,
                 false);
  }

  void band(const PlotLine& line) {
    for (size_t i = 0; i + 1 < line.x.size(); ++i) {
      const double x0 = at_x(line.x[i]), x1 = at_x(line.x[i + 1]);
      for (auto x = static_cast<int64_t>(std::ceil(x0)); static_cast<double>(x) < x1; ++x) {
        const double t = (static_cast<double>(x) - x0) / (x1 - x0);
        const double high = at_y(line.high[i] + t * (line.high[i + 1] - line.high[i]));
        const double low = at_y(line.low[i] + t * (line.low[i + 1] - line.low[i]));
        for (auto y = std::lround(high); y <= std::lround(low); ++y)
          canvas_.blend(y, x, plot_color(line.color), 0.15);
      }
    }
  }

  void curve(const PlotLine& line) {
    double along = 0;
    for (size_t i = 0; i + 1 < line.x.size(); ++i) {
      const double x0 = at_x(line.x[i]), y0 = at_y(line.y[i]), x1 = at_x(line.x[i + 1]),
                   y1 = at_y(line.y[i + 1]);
      canvas_.line(x0, y0, x1, y1, plot_color(line.color), line.dashed, along);
      along += std::hypot(x1 - x0, y1 - y0);
    }
  }

  void legend() {
    for (size_t i = 0; i < plot_.lines.size(); ++i) {
      const PlotLine& line = plot_.lines[i];
      const int64_t y = begin_ + plot_height + static_cast<int64_t>(i) * row_height;
      const auto middle = static_cast<double>(y + 7);
      canvas_.line(left, middle, left + key_width - 10, middle, plot_color(line.color), line.dashed);
      canvas_.text(y, left + key_width, line.label);
    }
  }

  Canvas& canvas_;
  const Plot& plot_;
  int64_t begin_;
  PlotAxis y_;
};

int64_t height_of(const Plot& plot) {
  return plot_height + static_cast<int64_t>(plot.lines.size()) * row_height + 20;
}

}  // namespace

Image draw_plots(const std::vector<Plot>& plots) {
  int64_t height = 0, width = plot_width;
  for (const Plot& plot : plots) {
    height += height_of(plot);
    for (const PlotLine& line : plot.lines)
      width = std::max(width, left + key_width + letters_width(line.label) + right);
  }
  Canvas canvas(std::max<int64_t>(height, 1), width);
  int64_t begin = 0;
  for (const Plot& plot : plots) {
    Drawing(canvas, plot, begin).draw();
    begin += height_of(plot);
  }
  return canvas.take();
}

}  // namespace lrpp
