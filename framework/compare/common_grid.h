#pragma once

#include <lrpp/framework/io/picture_part.h>
#include <lrpp/framework/tensor.h>

#include <string>
#include <vector>

namespace lrpp {

/// Relevance [H, W] of the part of a picture that a model saw.
struct SeenMap {
  std::string name;  ///< whose it is; for messages
  Tensor relevance;
  PicturePart seen;
};

/// Maps of one picture on one grid, over the part of it that all of them saw.
struct CommonGrid {
  PicturePart part;
  int64_t height = 0, width = 0;
  Tensor relevance;  ///< [S, height, width] float64
  Tensor outside;    ///< [S]: what each map has outside of the part; with the above its whole sum
};

/// Each pixel's relevance is split by the areas that the grid's cells have of it, and what lies in no cell is
/// `outside`. The grid is as fine as the coarsest map is there. height, width: of the picture; what a model
/// saw beyond it is padding, and in no common part.
/// Throws UserError for other shapes, values that are not finite, and maps that have no part in common.
CommonGrid common_grid(const std::vector<SeenMap>& maps, int64_t height, int64_t width);

}  // namespace lrpp
