#pragma once

#include <lrpp/framework/tensor.h>

#include <string_view>

namespace lrpp::ops {

/// Throws UserError unless `values` are two numbers, for height and width, of at least `minimum`.
void check_pair(std::string_view where, std::string_view name, at::IntArrayRef values, int64_t minimum);

/// Throws UserError unless x is [B, C, H, W] with a window's worth of pixels in it, padding counted.
/// `channels` 0: any.
void check_window(std::string_view where, const Tensor& x, int64_t channels, at::IntArrayRef kernel_size,
                  at::IntArrayRef padding, at::IntArrayRef dilation);

}  // namespace lrpp::ops
