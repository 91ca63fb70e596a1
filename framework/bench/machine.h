#pragma once

#include <ATen/ATen.h>

#include <string>

namespace lrpp {

/// What times were taken on, and by what.
struct Machine {
  std::string cpu;           ///< as Linux calls it
  std::string instructions;  ///< the widest that LibTorch uses: "AVX512"
  int64_t threads = 1;       ///< of LibTorch's operations
  std::string gpu;           ///< the device's name; empty on a CPU
  std::string lrpp, torch;   ///< versions
};
Machine describe_machine(const at::Device& device);

/// What the device can do at best, measured.
struct Peaks {
  double gflop_per_s = 0;  ///< a large product of matrices in the dtype
  double gbyte_per_s = 0;  ///< reading two large tensors and writing one; 10^9 bytes
};
/// The best of a few runs; takes about a second. TF32 as it is set.
Peaks measure_peaks(at::ScalarType dtype, const at::Device& device);

}  // namespace lrpp
