#include <lrpp/framework/error.h>
#include <lrpp/framework/ops/window.h>

#include <algorithm>

namespace lrpp::ops {

void check_pair(std::string_view where, std::string_view name, at::IntArrayRef values, int64_t minimum) {
  require(values.size() == 2 && *std::min_element(values.begin(), values.end()) >= minimum, where,
          "{} must be two integers (height, width) of at least {}; got {}", name, minimum,
          shape_string(values));
}

void check_window(std::string_view where, const Tensor& x, int64_t channels, at::IntArrayRef kernel_size,
                  at::IntArrayRef padding, at::IntArrayRef dilation) {
  require(x.dim() == 4 && (channels == 0 || x.size(1) == channels), where,
          "the input must have shape [B, {}, H, W]; got {}", channels == 0 ? "C" : std::to_string(channels),
          shape_string(x.sizes()));
  for (size_t i = 0; i < 2; ++i) {
    const int64_t reach = dilation[i] * (kernel_size[i] - 1) + 1;
    require(x.size(static_cast<int64_t>(i) + 2) + 2 * padding[i] >= reach, where,
            "the window spans {} pixels in {}, more than the input of shape {} has with {} of padding. Use a "
            "larger image",
            reach, i == 0 ? "height" : "width", shape_string(x.sizes()), 2 * padding[i]);
  }
}

}  // namespace lrpp::ops
