#include <lrpp/framework/dtype.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/suggest.h>
#include <torch/cuda.h>

namespace lrpp {

at::ScalarType dtype_from_name(std::string_view name) {
  if (name == "float32") return at::kFloat;
  if (name == "float64") return at::kDouble;
  if (name == "bfloat16") return at::kBFloat16;
  fail("dtype", "unknown dtype '{}'; {}", name, list_known(name, {"float32", "float64", "bfloat16"}));
}

std::string dtype_name(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kBFloat16:
      return "bfloat16";
    default:
      return at::toString(dtype);
  }
}

at::Device device_from_name(std::string_view name) {
  if (name == "cpu") return at::kCPU;
  const bool numbered = name.starts_with("cuda:") && name.size() > 5 && name.size() < 9 &&
                        name.find_first_not_of("0123456789", 5) == std::string_view::npos;
  require(name == "cuda" || numbered, "device", "unknown device '{}'; use cpu, cuda or cuda:N", name);
  const int index = numbered ? std::stoi(std::string(name.substr(5))) : 0;
  const auto count = static_cast<int>(torch::cuda::device_count());
  require(
      count > 0, "device",
      "'{}' was asked for, but no CUDA device can be used here (built without CUDA, no GPU, or no driver); "
      "use --device cpu",
      name);
  require(index < count, "device",
          "'{}' was asked for, but this machine has {} CUDA device(s), cuda:0 to cuda:{}", name, count,
          count - 1);
  return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
}

}  // namespace lrpp
