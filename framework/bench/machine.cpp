#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/GradMode.h>
#include <dlfcn.h>
#include <lrpp/framework/bench/machine.h>
#include <lrpp/framework/bench/timing.h>
#include <lrpp/framework/tensor.h>
#include <lrpp/framework/version.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace lrpp {
namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != line.npos) return line.substr(colon + 2);
  }
  return "unknown";
}

/// Asked of the driver, which is there whenever a GPU is: a build of LibTorch for CUDA needs no CUDA headers.
std::string gpu_name(int index) {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW);
  if (driver == nullptr) return "unknown";
  const auto get = reinterpret_cast<int (*)(int*, int)>(dlsym(driver, "cuDeviceGet"));
  const auto name = reinterpret_cast<int (*)(char*, int, int)>(dlsym(driver, "cuDeviceGetName"));
  int device = 0;
  std::array<char, 256> text{};
  const bool found = get != nullptr && name != nullptr && get(&device, index) == 0 &&
                     name(text.data(), static_cast<int>(text.size()), device) == 0;
  dlclose(driver);
  return found ? text.data() : "unknown";
}

/// In milliseconds, once everything is warm.
double best_ms(const at::Device& device, const std::function<void()>& work) {
  return time_runs(device, 2, 8, work).min_ms;
}

}  // namespace

Machine describe_machine(const at::Device& device) {
  Machine machine{cpu_name(), at::get_cpu_capability(), at::get_num_threads(),
                  {},         version_string,           TORCH_VERSION};
  if (device.is_cuda()) machine.gpu = gpu_name(device.has_index() ? device.index() : 0);
  return machine;
}

Peaks measure_peaks(at::ScalarType dtype, const at::Device& device) {
  const c10::NoGradGuard no_grad;
  const auto options = at::TensorOptions(dtype).device(device);
  const bool cuda = device.is_cuda();
  Peaks peaks;
  {
    const int64_t n = cuda ? 8192 : 1536;
    const Tensor a = at::randn({n, n}, options), b = at::randn({n, n}, options),
                 c = at::empty({n, n}, options);
    Tensor out = c;
    const double flops = 2.0 * static_cast<double>(n * n * n);
    peaks.gflop_per_s = flops / best_ms(device, [&] { at::mm_out(out, a, b); }) / 1e6;
  }
  // Beyond all caches.
  const int64_t bytes = int64_t{1} << (cuda ? 30 : 27);
  const Tensor a = at::ones({bytes / 4}, at::TensorOptions(at::kFloat).device(device)), b = a + 1;
  Tensor sum = at::empty_like(a);
  peaks.gbyte_per_s =
      3.0 * static_cast<double>(bytes) / best_ms(device, [&] { at::add_out(sum, a, b); }) / 1e6;
  return peaks;
}

}  // namespace lrpp
