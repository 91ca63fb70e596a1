#pragma once

#include <ATen/ATen.h>

#include <string>
#include <string_view>

namespace lrpp {

/// "float32", "float64" or "bfloat16", the types that models are computed in. Throws UserError for others.
at::ScalarType dtype_from_name(std::string_view name);
std::string dtype_name(at::ScalarType dtype);

/// "cpu", "cuda" or "cuda:N". Throws UserError for anything else, and where there is no such device.
at::Device device_from_name(std::string_view name);

}  // namespace lrpp
