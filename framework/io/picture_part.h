#pragma once

#include <string>

namespace lrpp {

/// A rectangle in the pixels of a picture as it was read, from its upper left corner. Edges need not fall on
/// pixels, and lie outside of the picture where it was padded.
struct PicturePart {
  double top = 0, left = 0, bottom = 0, right = 0;
};

/// "rows 0 to 224, columns -3.5 to 227.5", for people.
std::string describe(const PicturePart& part);

}  // namespace lrpp
