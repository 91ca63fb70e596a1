#pragma once

namespace lrpp {

/// A rectangle in the pixels of a picture as it was read, from its upper left corner. Edges need not fall on
/// pixels, and lie outside of the picture where it was padded.
struct PicturePart {
  double top = 0, left = 0, bottom = 0, right = 0;
};

}  // namespace lrpp
