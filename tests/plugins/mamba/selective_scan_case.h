#pragma once

#include <ATen/ATen.h>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_cpu.h>
#include <lrpp/tests/plugins/mamba/kernel_case.h>

#include <string>

namespace lrpp::mamba {

/// Sizes of a scan, as in DESIGN: batch, tokens, channels, states.
struct ScanShape {
  int64_t batch, tokens, channels, states;
};

inline std::string name_of(const ScanShape& s) {
  return "B" + std::to_string(s.batch) + "T" + std::to_string(s.tokens) + "E" + std::to_string(s.channels) +
         "N" + std::to_string(s.states);
}

/// Random inputs of a scan whose sizes are those that Mamba meets: steps of 0.01 to 1, decays from slow to
/// fast.
struct ScanCase {
  explicit ScanCase(const ScanShape& s, at::ScalarType dtype = at::kDouble) {
    at::manual_seed(7);
    const auto options = at::TensorOptions(at::kDouble);
    x = at::randn({s.batch, s.tokens, s.channels}, options).to(dtype);
    m = at::randn({s.batch, s.tokens, s.channels}, options).to(dtype);
    dt = at::softplus(at::randn({s.batch, s.tokens, s.channels}, options) - 2).to(dtype);
    A = (-at::arange(1, s.states + 1, options) * at::exp(0.3 * at::randn({s.channels, s.states}, options)))
            .to(dtype);
    B = at::randn({s.batch, s.tokens, s.states}, options).to(dtype);
    C = at::randn({s.batch, s.tokens, s.states}, options).to(dtype);
    D = at::randn({s.channels}, options).to(dtype);
  }

  /// The same numbers in another dtype.
  ScanCase to(at::ScalarType dtype) const {
    ScanCase other = *this;
    for (at::Tensor* tensor : {&other.x, &other.m, &other.dt, &other.A, &other.B, &other.C, &other.D}) {
      *tensor = tensor->to(dtype);
    }
    return other;
  }

  at::Tensor x, m, dt, A, B, C, D;
};

}  // namespace lrpp::mamba
