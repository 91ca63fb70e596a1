// The rules of attention against the sums of AttnLRP (arXiv:2402.05602) and CP-LRP (arXiv:2202.07304),
// element by element.
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/matmul.h>
#include <lrpp/framework/ops/softmax.h>
#include <lrpp/rules/hold.h>
#include <lrpp/rules/softmax_taylor.h>
#include <lrpp/tests/rules/oracle.h>

namespace lrpp::rules {
namespace {

using namespace lrpp::testing;

TEST(SoftmaxTaylorRule, IsPropositionThreePointOne) {
  const Tensor x = random({2, 1, 3, 4}, 1), out = random({2, 1, 3, 4}, 2);
  const ops::Softmax op;
  const Tensor s = x.softmax(-1);
  Tensor expected = at::zeros_like(x);
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t t = 0; t < 3; ++t) {
      const double all = out[n][0][t].sum().item<double>();
      for (int64_t i = 0; i < 4; ++i) {
        const double xi = x[n][0][t][i].item<double>(), si = s[n][0][t][i].item<double>();
        expected[n][0][t][i] = xi * (out[n][0][t][i].item<double>() - si * all);
      }
    }
  }
  EXPECT_LT(relative_difference(relevance_at_inputs(SoftmaxTaylor(), op, {x}, out)[0], expected),
            rule_tolerance);
  expect_claims_balance(SoftmaxTaylor(), op, {x});
  EXPECT_NE(SoftmaxTaylor().rejects(ops::Relu()), "");
}

TEST(HalfRule, OnAMatrixProductIsPropositionThreePointThree) {
  // R_ik = sum_j a_ik b_kj / (2 z_ij) R_ij, and likewise for b.
  const Tensor a = random({1, 1, 3, 4}, 1), b = random({1, 1, 4, 2}, 2), out = random({1, 1, 3, 2}, 3);
  const ops::Matmul op;
  const Tensor z = a.matmul(b);
  Tensor at_a = at::zeros_like(a), at_b = at::zeros_like(b);
  for (int64_t i = 0; i < 3; ++i) {
    for (int64_t k = 0; k < 4; ++k) {
      for (int64_t j = 0; j < 2; ++j) {
        const double share = a[0][0][i][k].item<double>() * b[0][0][k][j].item<double>() /
                             (2 * z[0][0][i][j].item<double>()) * out[0][0][i][j].item<double>();
        at_a[0][0][i][k] += share;
        at_b[0][0][k][j] += share;
      }
    }
  }
  const Tensors found = relevance_at_inputs(Half(), op, {a, b}, out);
  EXPECT_LT(relative_difference(found[0], at_a), rule_tolerance);
  EXPECT_LT(relative_difference(found[1], at_b), rule_tolerance);
  expect_claims_balance(Half(), op, {a, b});
}

TEST(HoldRule, OnAMatrixProductGivesEverythingToTheOtherFactor) {
  const Tensor a = random({1, 1, 3, 4}, 1), b = random({1, 1, 4, 2}, 2), out = random({1, 1, 3, 2}, 3);
  const ops::Matmul op;
  const Tensors found = relevance_at_inputs(Hold({0}), op, {a, b}, out);
  EXPECT_FALSE(found[0].defined());
  EXPECT_NEAR(found[1].sum().item<double>(), out.sum().item<double>(), rule_tolerance);
  expect_claims_balance(Hold({0}), op, {a, b});
}

}  // namespace
}  // namespace lrpp::rules
