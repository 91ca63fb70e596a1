#include <lrpp/plugins/mamba/kernels/selective_scan_reference.h>
#include <lrpp/plugins/mamba/ops/conv1d.h>
#include <lrpp/plugins/mamba/ops/selective_scan.h>
#include <lrpp/rules/hold.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::check_linear_view;
using testing::expect_user_error;
using testing::random;

/// Float64 rounding over recurrences of a few dozen steps.
constexpr double tolerance = 1e-12;

TEST(Conv1d, AgainstAutograd) {
  for (const int64_t kernel : {1, 2, 4, 7}) {
    for (const int64_t tokens : {1, 3, 4, 9}) {
      for (const bool with_bias : {false, true}) {
        const Tensor weight = random({5, 1, kernel}, 1), bias = with_bias ? random({5}, 2) : Tensor();
        const mamba::Conv1d op(weight, bias);
        const auto oracle = [&](const Tensors& in) -> Tensors {
          const Tensor y = at::conv1d(in[0].transpose(1, 2), weight, bias, 1, kernel - 1, 1, 5);
          return {y.narrow(2, 0, in[0].size(1)).transpose(1, 2)};
        };
        const Tensors inputs{random({2, tokens, 5}, 3)};
        check_against_autograd(op, oracle, inputs, tolerance);
        check_linear_view(op, oracle, inputs, 0, tolerance);
      }
    }
  }
  expect_user_error([] { mamba::Conv1d(random({5, 2, 4}), {}); }, {"[E, 1, K]", "[5, 2, 4]"});
  expect_user_error([] { mamba::Conv1d(random({5, 1, 4}), random({4})); }, {"bias must have shape [5]"});
}

TEST(SelectiveScan, AgainstAutograd) {
  for (const int64_t tokens : {1, 2, 17}) {
    for (const auto& [E, N] : std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {5, 3}, {16, 16}}) {
      const Tensor A_log = random({E, N}, 1), D = random({E}, 2), A = -A_log.exp();
      const mamba::SelectiveScan op(A_log, D);
      const Tensors inputs{random({2, tokens, E}, 3), at::softplus(random({2, tokens, E}, 4)),
                           random({2, tokens, N}, 5), random({2, tokens, N}, 6)};
      check_against_autograd(
          op,
          [&](const Tensors& in) -> Tensors {
            return {mamba::selective_scan_reference(in[0], in[1], A, in[2], in[3], D)};
          },
          inputs, tolerance);
      check_linear_view(
          op,
          [&](const Tensors& in) -> Tensors {
            return {
                mamba::selective_scan_reference(in[0], in[1].detach(), A, in[2].detach(), in[3].detach(), D)};
          },
          inputs, 0, tolerance);
    }
  }
  expect_user_error([] { mamba::SelectiveScan(random({5}), random({5})); }, {"[E, N]"});
  expect_user_error(
      [] {
        mamba::SelectiveScan(random({5, 2}), random({4}));
      },
      {"D must have shape [5]", "[4]"});
}

TEST(SelectiveScan, HoldSharesByTheUnrolledWeights) {
  // The paper's form: y_t = sum_s W_ts x_s with W_ts = C_t (prod_{s<r<=t} exp(dt_r A)) dt_s B_s, plus D at s
  // = t; relevance R_s = sum_t W_ts x_s / y_t R_t. Quadratic, and only a test.
  const int64_t T = 6, E = 2, N = 3;
  const Tensor A_log = random({E, N}, 1), D = random({E}, 2), A = -A_log.exp();
  const Tensor x = random({1, T, E}, 3), dt = at::softplus(random({1, T, E}, 4)), B = random({1, T, N}, 5),
               C = random({1, T, N}, 6);
  const mamba::SelectiveScan op(A_log, D);
  const Tensor y = op.forward({x, dt, B, C})[0], relevance_out = random({1, T, E}, 7);
  Tensor expected = at::zeros_like(x);
  for (int64_t e = 0; e < E; ++e) {
    for (int64_t t = 0; t < T; ++t) {
      for (int64_t s = 0; s <= t; ++s) {
        double weight = s == t ? D[e].item<double>() : 0;
        for (int64_t n = 0; n < N; ++n) {
          double product = C[0][t][n].item<double>() * dt[0][s][e].item<double>() * B[0][s][n].item<double>();
          for (int64_t r = s + 1; r <= t; ++r)
            product *= std::exp(dt[0][r][e].item<double>() * A[e][n].item<double>());
          weight += product;
        }
        expected[0][s][e] += weight * x[0][s][e].item<double>() / y[0][t][e].item<double>() *
                             relevance_out[0][t][e].item<double>();
      }
    }
  }
  const Kept kept = Kept::all({x, dt, B, C}, {y});
  const Tensors got = rules::Hold().propagate(op, kept, {relevance_out / y});
  EXPECT_LT(testing::relative_difference(got[0] * x, expected), 1e-11);
  for (size_t i = 1; i < 4; ++i) EXPECT_FALSE(got[i].defined()) << "dt, B and C are held";
}

}  // namespace
}  // namespace lrpp
