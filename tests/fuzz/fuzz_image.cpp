// Fuzzes the readers of PNG and JPEG: any bytes give a picture that can be resized, written and read again,
// or a UserError.
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/image.h>
#include <lrpp/framework/io/image_resize.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

void check(const lrpp::Image& image, std::int64_t channels) {
  LRPP_ASSERT(image.channels == channels && image.height > 0 && image.width > 0,
              "another picture was asked for");
  const std::int64_t pixels = image.height * image.width;
  LRPP_ASSERT(image.pixels.size() == static_cast<std::size_t>(pixels * channels), "pixels are missing");
  if (pixels > 1 << 14) return;
  for (const auto filter :
       {lrpp::Resampling::nearest, lrpp::Resampling::bilinear, lrpp::Resampling::bicubic}) {
    const lrpp::Image other = lrpp::resize(image, 5, 9, filter);
    LRPP_ASSERT(other.pixels.size() == static_cast<std::size_t>(45 * channels),
                "a resized picture lacks pixels");
  }
  std::vector<std::string> warnings;
  const lrpp::Image again = lrpp::decode_image(lrpp::encode_png(image), channels, "fuzz", warnings);
  LRPP_ASSERT(again.pixels == image.pixels && warnings.empty(), "writing changed the picture");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::int64_t channels = size % 2 == 0 ? 3 : 1;
    std::vector<std::string> warnings;
    check(lrpp::decode_image({reinterpret_cast<const char*>(data), size}, channels, "fuzz", warnings),
          channels);
  } catch (const lrpp::UserError&) {  // What every wrong file must end in.
  }
  return 0;
}
