#include <fmt/format.h>
#include <lrpp/framework/io/picture_part.h>

namespace lrpp {

std::string describe(const PicturePart& part) {
  return fmt::format("rows {:.6g} to {:.6g}, columns {:.6g} to {:.6g}", part.top, part.bottom, part.left,
                     part.right);
}

}  // namespace lrpp
