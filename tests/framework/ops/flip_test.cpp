#include <lrpp/framework/ops/flip.h>
#include <lrpp/framework/ops/mul_scalar.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

#include <cmath>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::expect_user_error;
using testing::random;

/// Values are moved, or multiplied once.
constexpr double tolerance = 1e-15;

TEST(Flip, AgainstAutograd) {
  for (const int64_t tokens : {1, 2, 5}) {
    const Tensor order = at::arange(tokens - 1, -1, -1, at::kLong);
    check_against_autograd(
        ops::Flip(), [&](const Tensors& in) -> Tensors { return {in[0].index_select(1, order)}; },
        {random({2, tokens, 3}, 1)}, tolerance);
    const Tensor channels = at::arange(2, -1, -1, at::kLong);
    check_against_autograd(
        ops::Flip({{1, 2}}),
        [&](const Tensors& in) -> Tensors {
          return {in[0].index_select(1, order).index_select(2, channels)};
        },
        {random({2, tokens, 3}, 1)}, tolerance);
  }
}

TEST(Flip, IsChecked) {
  expect_user_error([] { ops::Flip({{0, 1}}); }, {"after the batch", "[0, 1]"});
  expect_user_error([] { ops::Flip({{-1}}); }, {"after the batch", "[-1]"});
  expect_user_error([] { ops::Flip({std::vector<int64_t>{}}); }, {"after the batch", "[]"});
  expect_user_error([] { ops::Flip({{2}}).forward({random({2, 3})}); }, {"dimension 2", "[2, 3]"});
}

TEST(MulScalar, AgainstAutograd) {
  for (const double factor : {0.5, -2.0, 0.0}) {
    check_against_autograd(
        ops::MulScalar({factor}), [&](const Tensors& in) -> Tensors { return {factor * in[0]}; },
        {random({2, 4, 3}, 1)}, tolerance);
    EXPECT_EQ(ops::MulScalar({factor}).nonnegative({true}), factor >= 0);
  }
  expect_user_error([] { ops::MulScalar({std::nan("")}); }, {"factor must be finite", "nan"});
}

}  // namespace
}  // namespace lrpp
