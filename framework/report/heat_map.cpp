#include <lrpp/framework/error.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/heat_map.h>
#include <lrpp/framework/report/letters.h>
#include <lrpp/framework/report/report_text.h>

#include <algorithm>
#include <cmath>

namespace lrpp {
namespace {

constexpr int64_t least_side = 448, margin = 16, bar_height = 12, least_bar_width = 280;
constexpr Rgb frame{208, 208, 208};

/// An RGB picture that is drawn on.
class Canvas {
 public:
  Canvas(int64_t height, int64_t width) : image_{height, width, 3, {}} {
    image_.pixels.assign(static_cast<size_t>(height * width * 3), 255);
  }
  void fill(int64_t top, int64_t left, int64_t height, int64_t width, Rgb color) {
    for (int64_t y = top; y < top + height; ++y) {
      uint8_t* pixel = image_.pixels.data() + (y * image_.width + left) * 3;
      for (int64_t x = 0; x < width; ++x) {
        *pixel++ = color.red;
        *pixel++ = color.green;
        *pixel++ = color.blue;
      }
    }
  }
  void text(int64_t top, int64_t left, std::string_view line) { draw_letters(image_, top, left, line); }
  Image take() { return std::move(image_); }

 private:
  Image image_;
};

Rgb pixel_of(const Image& image, int64_t y, int64_t x) {
  const uint8_t* pixel = image.pixels.data() + (y * image.width + x) * image.channels;
  return image.channels == 1 ? Rgb{pixel[0], pixel[0], pixel[0]} : Rgb{pixel[0], pixel[1], pixel[2]};
}

uint8_t mix(double from, double to, double share) {
  return static_cast<uint8_t>(std::lround(from + (to - from) * share));
}

/// The picture in pale grey where relevance is weak, the scale's strongest colour where it is strong.
Rgb overlaid(Rgb picture, double share) {
  const double grey = 0.299 * picture.red + 0.587 * picture.green + 0.114 * picture.blue;
  const double pale = 144 + grey * (255 - 144) / 255;
  const Rgb color = diverging(share > 0 ? 1 : -1);
  const double opacity = std::min(std::abs(share), 1.0);
  return {mix(pale, color.red, opacity), mix(pale, color.green, opacity), mix(pale, color.blue, opacity)};
}

/// The colours from -end to end, and what they stand for.
void draw_scale(Canvas& canvas, int64_t top, int64_t left, int64_t width, double end) {
  for (int64_t x = 0; x < width; ++x) {
    const double share = 2 * (static_cast<double>(x) + 0.5) / static_cast<double>(width) - 1;
    canvas.fill(top, left + x, bar_height, 1, diverging(end > 0 ? share : 0));
  }
  const NumberFormat format(end);
  const int64_t below = top + bar_height + 6;
  canvas.text(below, left + (width - letters_width("0")) / 2, "0");
  if (end == 0) return;
  const std::string high = format(end);
  canvas.text(below, left, format(-end));
  canvas.text(below, left + width - letters_width(high), high);
}

}  // namespace

HeatMapLayout heat_map_layout_from_name(std::string_view name) {
  if (name == "side-by-side") return HeatMapLayout::side_by_side;
  if (name == "overlay") return HeatMapLayout::overlay;
  fail("heat-map", "unknown layout '{}'; known: side-by-side, overlay", name);
}

HeatMapScale heat_map_scale(const std::vector<double>& relevance) {
  LRPP_ASSERT(!relevance.empty(), "a heat map without pixels");
  std::vector<double> sizes;
  for (const double value : relevance) sizes.push_back(std::abs(value));
  const double largest = *std::max_element(sizes.begin(), sizes.end());
  const size_t rank = (sizes.size() * 99 + 99) / 100 - 1;
  std::nth_element(sizes.begin(), sizes.begin() + static_cast<std::ptrdiff_t>(rank), sizes.end());
  return {sizes[rank] > 0 ? sizes[rank] : largest, largest};
}

Image render_heat_map(const Image& shown, const std::vector<double>& relevance, int64_t height, int64_t width,
                      HeatMapScale scale, HeatMapLayout layout) {
  const bool with_picture = !shown.pixels.empty();
  LRPP_ASSERT(relevance.size() == static_cast<size_t>(height * width) && height > 0 && width > 0,
              "{} values for {} x {} pixels", relevance.size(), width, height);
  LRPP_ASSERT(!with_picture || (shown.height == height && shown.width == width),
              "the picture is not the one that the relevance is of");
  LRPP_ASSERT(with_picture || layout == HeatMapLayout::side_by_side, "an overlay over no picture");
  const bool beside = with_picture && layout == HeatMapLayout::side_by_side;
  const int64_t longer = std::max(height, width);
  const int64_t factor = std::max<int64_t>((least_side + longer - 1) / longer, 1);
  const int64_t panel_height = height * factor, panel_width = width * factor;
  const int64_t bar_width = std::max(panel_width, least_bar_width);
  const int64_t map_left = margin + (beside ? panel_width + margin : 0);
  const int64_t bar_top = margin + panel_height + margin;
  Canvas canvas(bar_top + bar_height + 6 + letter_height + margin, map_left + bar_width + margin);
  // A frame, since a map is mostly white at its borders.
  for (const int64_t left : {margin, map_left})
    canvas.fill(margin - 1, left - 1, panel_height + 2, panel_width + 2, frame);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const double value = relevance[static_cast<size_t>(y * width + x)];
      const double share = scale.end > 0 ? value / scale.end : 0;
      const int64_t top = margin + y * factor, left = x * factor;
      if (beside) canvas.fill(top, margin + left, factor, factor, pixel_of(shown, y, x));
      canvas.fill(
          top, map_left + left, factor, factor,
          layout == HeatMapLayout::overlay ? overlaid(pixel_of(shown, y, x), share) : diverging(share));
    }
  }
  draw_scale(canvas, bar_top, map_left, bar_width, scale.end);
  return canvas.take();
}

}  // namespace lrpp
