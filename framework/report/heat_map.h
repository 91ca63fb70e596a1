#pragma once

#include <lrpp/framework/io/image.h>

#include <string_view>
#include <vector>

namespace lrpp {

/// How a picture and its relevance are put together.
enum class HeatMapLayout {
  side_by_side,  ///< the picture, and the heat map beside it
  overlay,       ///< the heat map over the picture in grey, the stronger the less of it is seen
};
/// "side-by-side" or "overlay"; throws UserError for other names.
HeatMapLayout heat_map_layout_from_name(std::string_view name);

struct HeatMapScale {
  double end = 0;      ///< where the colours end, on both sides of zero
  double largest = 0;  ///< the largest |relevance|; beyond `end` colours do not change
};
/// Colours end at the 99th percentile of |relevance| (nearest rank): a few strong pixels would otherwise turn
/// all others white. At the largest where that is zero.
HeatMapScale heat_map_scale(const std::vector<double>& relevance);

/// A picture of at least 448 pixels on its longer side, each pixel enlarged to a square: red for positive and
/// blue for negative relevance, white for none, symmetric around zero, with the scale below. `relevance` is
/// [height, width] of `shown`, a grey or RGB picture; one without pixels is left out (and no overlay).
Image render_heat_map(const Image& shown, const std::vector<double>& relevance, int64_t height, int64_t width,
                      HeatMapScale scale, HeatMapLayout layout);

}  // namespace lrpp
