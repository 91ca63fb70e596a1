// The CUDA path against the CPU's, where there is a GPU. Without one these tests say so and are skipped.
#include <lrpp/plugins/mamba/kernels/selective_scan_op.h>
#include <lrpp/tests/plugins/mamba/cases.h>
#include <torch/cuda.h>

namespace lrpp {
namespace {

using namespace testing;

class Cuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "this machine has no CUDA device";
  }
};

TEST_F(Cuda, SelectiveScanEqualsTheCpu) {
  const Tensor x = random({2, 33, 20}, 1), dt = at::softplus(random({2, 33, 20}, 2)),
               A = -random({20, 5}, 3).exp();
  const Tensor B = random({2, 33, 5}, 4), C = random({2, 33, 5}, 5), D = random({20}, 6),
               m = random({2, 33, 20}, 7);
  const auto on_gpu = [](const Tensor& t) { return t.to(at::kCUDA); };
  const Tensor y = mamba::selective_scan(on_gpu(x), on_gpu(dt), on_gpu(A), on_gpu(B), on_gpu(C), on_gpu(D));
  // Float64 on both sides; only the order of sums and the exponential differ.
  EXPECT_LT(relative_difference(y.cpu(), mamba::selective_scan(x, dt, A, B, C, D)), 1e-12);
  const Tensor dx =
      mamba::selective_scan_relevance(on_gpu(m), on_gpu(dt), on_gpu(A), on_gpu(B), on_gpu(C), on_gpu(D));
  EXPECT_LT(relative_difference(dx.cpu(), mamba::selective_scan_relevance(m, dt, A, B, C, D)), 1e-12);
  const auto gpu =
      mamba::selective_scan_vjp(on_gpu(m), on_gpu(x), on_gpu(dt), on_gpu(A), on_gpu(B), on_gpu(C), on_gpu(D));
  const auto cpu = mamba::selective_scan_vjp(m, x, dt, A, B, C, D);
  EXPECT_LT(relative_difference(std::get<0>(gpu).cpu(), std::get<0>(cpu)), 1e-12);
  EXPECT_LT(relative_difference(std::get<1>(gpu).cpu(), std::get<1>(cpu)), 1e-12);
  EXPECT_LT(relative_difference(std::get<2>(gpu).cpu(), std::get<2>(cpu)), 1e-12);
  EXPECT_LT(relative_difference(std::get<3>(gpu).cpu(), std::get<3>(cpu)), 1e-12);
}

TEST_F(Cuda, ReproducesTheOfficialCode) {
  for (const std::string& name : official_cases()) {
    SCOPED_TRACE(name);
    const auto expected = case_tensors(name);
    const Model model = load_model(builtin_registry(), fixture(name), {at::kDouble, at::kCUDA, false});
    const Attribution got = explain_case(model, case_composite(name, 1e-6), expected, /*audit=*/true);
    EXPECT_LT(relative_difference(got.relevance.cpu(), expected.at("relevance")), 1e-9);
    EXPECT_TRUE(got.ledger->unbalanced(1e-10).empty());
  }
}

}  // namespace
}  // namespace lrpp
