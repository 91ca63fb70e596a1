// The CUDA kernels of Mamba against their compositions in float64 on the CPU.
#include <lrpp/plugins/mamba/kernels/composed.h>
#include <lrpp/plugins/mamba/kernels/conv1d_op.h>
#include <lrpp/plugins/mamba/kernels/gated_scan_op.h>
#include <lrpp/plugins/mamba/kernels/rms_norm_op.h>
#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>
#include <lrpp/tests/support/testing.h>
#include <torch/cuda.h>

namespace lrpp {
namespace {

using namespace testing;

struct Sizes {
  int64_t batch, tokens, channels, states;
};

/// Tokens that fill no tile or strip, and channels that fill no block; texts long enough to be cut into
/// chunks, one and several; the sizes of a model; every way of sharing states among threads.
const std::vector<Sizes> all_sizes{{2, 33, 20, 5},     {1, 1, 7, 3},      {3, 17, 33, 16}, {1, 4099, 64, 16},
                                   {1, 2048, 256, 16}, {3, 1000, 64, 16}, {2, 700, 40, 7}, {40, 70, 128, 16},
                                   {2, 100, 130, 128}, {1, 50, 40, 64},   {2, 64, 36, 2}};
/// Columns before a tensor's own in the rows that it is read from: so many that its rows can be read several
/// neighbours at a time, and that they cannot.
constexpr int64_t all_before[]{8, 3};

class MambaKernels : public ::testing::TestWithParam<at::ScalarType> {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "this machine has no CUDA device";
  }
  /// Rounding of float32 sums over up to thousands of tokens, and of the fast exponential (2 units in the
  /// last place); in bfloat16 what is stored is rounded to 8 bits, once for each result.
  static double tolerance() { return GetParam() == at::kFloat ? 2e-5 : 8e-3; }

  /// Random numbers that the dtype holds exactly, on the CPU.
  static Tensor draw(std::vector<int64_t> sizes, int64_t seed) {
    return random(sizes, seed).to(GetParam()).to(at::kDouble);
  }
  /// The same on the device, in the dtype; as columns of a wider matrix where there are three dimensions.
  Tensor on_gpu(const Tensor& t) const {
    const Tensor there = t.to(GetParam()).to(at::kCUDA);
    if (there.dim() != 3) return there;
    return at::constant_pad_nd(there, {before_, 8 - before_}, 0).narrow(-1, before_, there.size(-1));
  }
  static Tensor weight(const Tensor& t) { return t.to(at::kFloat).to(at::kCUDA); }
  static void expect_near(const Tensor& got, const Tensor& expected, const char* what) {
    EXPECT_EQ(got.scalar_type(), GetParam()) << what;
    EXPECT_LT(relative_difference(got.to(at::kDouble).cpu(), expected), tolerance()) << what;
  }

  int64_t before_ = all_before[0];
  void check_scans(const Sizes& sizes) const;
};

void MambaKernels::check_scans(const Sizes& sizes) const {
  const auto& [b, t, e, n] = sizes;
  const Tensor u = draw({b, t, e}, 1), raw = draw({b, t, e}, 2) - 3, z = draw({b, t, e}, 3),
               m = draw({b, t, e}, 4);
  const Tensor raw_dt = raw.to(GetParam()).to(at::kDouble);
  const Tensor dt = at::softplus(raw_dt).to(GetParam()).to(at::kDouble);
  const Tensor A = -random({e, n}, 5).exp().to(at::kFloat).to(at::kDouble),
               D = random({e}, 6).to(at::kFloat).to(at::kDouble);
  const Tensor B = draw({b, t, n}, 7), C = draw({b, t, n}, 8);
  expect_near(mamba::selective_scan(on_gpu(u), on_gpu(dt), weight(A), on_gpu(B), on_gpu(C), weight(D)),
              mamba::selective_scan(u, dt, A, B, C, D), "y");
  expect_near(
      mamba::selective_scan_relevance(on_gpu(m), on_gpu(dt), weight(A), on_gpu(B), on_gpu(C), weight(D)),
      mamba::selective_scan_relevance(m, dt, A, B, C, D), "dx");
  const auto [dx, ddt, dB, dC] = mamba::selective_scan_vjp(m, u, dt, A, B, C, D);
  const auto [dx_there, ddt_there, dB_there, dC_there] =
      mamba::selective_scan_vjp(on_gpu(m), on_gpu(u), on_gpu(dt), weight(A), on_gpu(B), on_gpu(C), weight(D));
  expect_near(dx_there, dx, "gradient by x");
  expect_near(ddt_there, ddt, "gradient by dt");
  expect_near(dB_there, dB, "gradient by B");
  expect_near(dC_there, dC, "gradient by C");
  const auto [gated, y] = mamba::gated_scan(u, raw_dt, A, B, C, D, z);
  const auto [gated_there, y_there] =
      mamba::gated_scan(on_gpu(u), on_gpu(raw_dt), weight(A), on_gpu(B), on_gpu(C), weight(D), on_gpu(z));
  expect_near(y_there, y, "y of the gated scan");
  expect_near(gated_there, gated, "gated");
  const Tensor y_in = draw({b, t, e}, 9), out_z = at::empty_like(m);
  const Tensor du = mamba::gated_scan_relevance(m, raw_dt, A, B, C, D, y_in, z, out_z);
  const Tensor wide = at::full({b, t, 2 * e}, 7, at::TensorOptions(GetParam()).device(at::kCUDA));
  const Tensor out_there = wide.narrow(-1, e, e);
  expect_near(mamba::gated_scan_relevance(on_gpu(m), on_gpu(raw_dt), weight(A), on_gpu(B), on_gpu(C),
                                          weight(D), on_gpu(y_in), on_gpu(z), out_there),
              du, "du");
  expect_near(out_there, out_z, "multiplier of z");
  EXPECT_TRUE(wide.narrow(-1, 0, e).eq(7).all().item<bool>()) << "written outside of out_z";
}

TEST_P(MambaKernels, ScansEqualTheirCompositions) {
  for (const Sizes& sizes : all_sizes) {
    for (const int64_t before : all_before) {
      before_ = before;
      SCOPED_TRACE(fmt::format("B {} T {} E {} N {}, {} columns before", sizes.batch, sizes.tokens,
                               sizes.channels, sizes.states, before));
      check_scans(sizes);
    }
  }
}

TEST_P(MambaKernels, ConvolutionsEqualTheirCompositions) {
  for (const auto& [b, t, e, kernel] : std::vector<Sizes>{
           {2, 33, 20, 4}, {1, 2, 7, 4}, {3, 100, 600, 4}, {1, 65, 64, 3}, {2, 9, 12, 2}, {1, 20, 8, 5}}) {
    before_ = before_ == all_before[0] ? all_before[1] : all_before[0];  // by turns
    SCOPED_TRACE(fmt::format("B {} T {} E {} K {}, {} columns before", b, t, e, kernel, before_));
    const Tensor x = draw({b, t, e}, 1), m = draw({b, t, e}, 2);
    const Tensor taps = random({kernel, e}, 3).to(at::kFloat).to(at::kDouble),
                 bias = random({e}, 4).to(at::kFloat).to(at::kDouble);
    for (const bool silu : {false, true}) {
      expect_near(mamba::conv1d(on_gpu(x), weight(taps), weight(bias), silu),
                  mamba::conv1d(x, taps, bias, silu), "y");
    }
    expect_near(mamba::conv1d(on_gpu(x), weight(taps), std::nullopt, false),
                mamba::conv1d(x, taps, std::nullopt, false), "no bias");
    expect_near(mamba::conv1d_relevance(on_gpu(m), weight(taps)), mamba::conv1d_relevance(m, taps),
                "transpose");
    const Tensor out = at::empty_like(m);
    mamba::conv1d_silu_relevance(m, x, taps, bias, out);
    const Tensor wide = at::full({b, t, 2 * e}, 7, at::TensorOptions(GetParam()).device(at::kCUDA));
    mamba::conv1d_silu_relevance(on_gpu(m), on_gpu(x), weight(taps), weight(bias), wide.narrow(-1, 0, e));
    expect_near(wide.narrow(-1, 0, e), out, "relevance");
    EXPECT_TRUE(wide.narrow(-1, e, e).eq(7).all().item<bool>()) << "written outside of out";
  }
}

TEST_P(MambaKernels, NormsEqualTheirCompositions) {
  for (const auto& [rows, width] :
       std::vector<std::pair<int64_t, int64_t>>{{5, 8}, {3, 768}, {7, 2560}, {2, 6000}, {2, 8192}, {3, 10}}) {
    SCOPED_TRACE(fmt::format("{} rows of {}", rows, width));
    const at::ScalarType stream = at::kFloat;
    const Tensor x = draw({rows, width}, 1), residual = random({rows, width}, 2).to(stream).to(at::kDouble),
                 w = draw({width}, 3);
    const auto [sum, normed, rstd] = mamba::add_rms_norm(x, residual, w, 1e-5);
    const auto [sum_there, normed_there, rstd_there] =
        mamba::add_rms_norm(on_gpu(x), residual.to(stream).to(at::kCUDA), on_gpu(w), 1e-5);
    EXPECT_EQ(sum_there.scalar_type(), stream);
    EXPECT_LT(relative_difference(sum_there.to(at::kDouble).cpu(), sum), 1e-6);  // one rounding of float32
    expect_near(normed_there, normed, "normed");
    EXPECT_LT(relative_difference(rstd_there.to(at::kDouble).cpu(), rstd), 1e-6);
    const auto [alone, normed_alone, rstd_alone] =
        mamba::add_rms_norm(on_gpu(x), std::nullopt, on_gpu(w), 1e-5);
    expect_near(normed_alone, std::get<1>(mamba::add_rms_norm(x, std::nullopt, w, 1e-5)),
                "without a residual");
    const Tensor m_sum = random({rows, width}, 4).to(stream).to(at::kDouble), m = draw({rows, width}, 5);
    const auto [m_r, m_x] = mamba::add_rms_norm_relevance(m_sum, m, rstd, w, at::kDouble, at::kDouble);
    const auto [m_r_there, m_x_there] =
        mamba::add_rms_norm_relevance(m_sum.to(stream).to(at::kCUDA), on_gpu(m),
                                      rstd.to(at::kFloat).to(at::kCUDA), on_gpu(w), stream, GetParam());
    EXPECT_LT(relative_difference(m_r_there.to(at::kDouble).cpu(), m_r), 1e-6);
    expect_near(m_x_there, m_x, "multiplier of the addend");
  }
}

INSTANTIATE_TEST_SUITE_P(Dtypes, MambaKernels, ::testing::Values(at::kFloat, at::kBFloat16),
                         [](const auto& info) { return std::string(c10::toString(info.param)); });

}  // namespace
}  // namespace lrpp
