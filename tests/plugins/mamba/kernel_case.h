#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/kernels/cpu/isa.h>

#include <limits>
#include <string>
#include <vector>

/// What the tests of all CPU kernels share.
namespace lrpp::mamba {

/// The largest difference, relative to the largest expected magnitude: sums over states and channels cancel,
/// so that small entries carry the rounding of the large ones.
inline double error_of(const at::Tensor& actual, const at::Tensor& expected) {
  EXPECT_EQ(actual.sizes(), expected.sizes());
  const at::Tensor want = expected.detach().to(at::kDouble);
  const double scale = want.abs().max().item<double>();
  return (actual.detach().to(at::kDouble) - want).abs().max().item<double>() / std::max(scale, 1e-300);
}

/// Chooses an instruction set for the life of this object.
class ForcedIsa {
 public:
  explicit ForcedIsa(cpu::Isa isa) { cpu::force_isa(isa); }
  ~ForcedIsa() { cpu::use_best_isa(); }
  ForcedIsa(const ForcedIsa&) = delete;
  ForcedIsa& operator=(const ForcedIsa&) = delete;
};

/// The variants that this build and machine can run.
inline std::vector<cpu::Isa> available_isas() {
  std::vector<cpu::Isa> isas;
  for (const cpu::Isa isa : {cpu::Isa::kBaseline, cpu::Isa::kAvx2, cpu::Isa::kAvx512}) {
    if (cpu::isa_available(isa)) isas.push_back(isa);
  }
  return isas;
}

/// The message of the UserError that `call` must throw.
template <class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

/// Views of the same numbers that kernels must read in place: columns of a wider matrix, whose other columns
/// are NaN; batch and token axes swapped in memory; and, which no kernel reads in place, channels apart.
inline at::Tensor widened(const at::Tensor& tensor) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  return at::constant_pad_nd(tensor, {3, 5}, kNaN).slice(2, 3, 3 + tensor.size(2));
}
inline at::Tensor swapped(const at::Tensor& t) { return t.transpose(0, 1).contiguous().transpose(0, 1); }
inline at::Tensor columns_first(const at::Tensor& t) {
  return t.transpose(1, 2).contiguous().transpose(1, 2);
}

}  // namespace lrpp::mamba
