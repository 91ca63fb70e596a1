#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/kernels/cpu/isa.h>

#include <algorithm>
#include <cmath>
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

/// Base of tests that run once for each instruction set.
class IsaTest : public testing::TestWithParam<cpu::Isa> {
 protected:
  ForcedIsa forced{GetParam()};
};
inline std::string isa_of(const testing::TestParamInfo<cpu::Isa>& info) { return cpu::isa_name(info.param); }

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

inline void expect_equal(const std::vector<at::Tensor>& actual, const std::vector<at::Tensor>& expected) {
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_TRUE(at::equal(actual[i], expected[i])) << "result " << i;
}

/// `results`, a list of tensors, must be the same to the bit for any number of threads.
template <class Results>
void expect_the_same_for_any_threads(Results results) {
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const std::vector<at::Tensor> single = results();
  for (const int threads : {2, 3, 7}) {
    at::set_num_threads(threads);
    expect_equal(results(), single);
  }
  at::set_num_threads(before);
}

/// `write(out)` must give `expected` in an `out` that is columns of a wider matrix, and leave the other
/// columns as they are; and in one whose channels are apart.
template <class Write>
void expect_written_to_views(const at::Tensor& expected, Write write) {
  const int64_t width = expected.size(2);
  const at::Tensor wide = at::full({expected.size(0), expected.size(1), width + 8}, 7, expected.options());
  write(wide.slice(2, 3, 3 + width));
  EXPECT_TRUE(at::equal(wide.slice(2, 3, 3 + width), expected));
  EXPECT_TRUE((wide.slice(2, 0, 3) == 7).all().item<bool>());
  EXPECT_TRUE((wide.slice(2, 3 + width) == 7).all().item<bool>());
  const at::Tensor apart = columns_first(at::zeros_like(expected));
  write(apart);
  EXPECT_TRUE(at::equal(apart, expected));
}

/// The largest relative error of `out` against `exact`, which takes and gives long double.
template <class Scalar, class Exact>
double worst_relative_error(const std::vector<Scalar>& in, const std::vector<Scalar>& out, Exact exact) {
  double worst = 0;
  for (size_t i = 0; i < in.size(); ++i) {
    const long double expected = exact(static_cast<long double>(in[i]));
    worst = std::max(worst, static_cast<double>(std::abs((out[i] - expected) / expected)));
  }
  return worst;
}

}  // namespace lrpp::mamba
