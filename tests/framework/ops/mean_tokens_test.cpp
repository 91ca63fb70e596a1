#include <lrpp/framework/ops/mean_tokens.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::expect_user_error;
using testing::random;

/// Float64 rounding of means of a few values.
constexpr double tolerance = 1e-14;

// [docs:gradcheck]
TEST(MeanTokens, AgainstAutograd) {
  for (const std::vector<int64_t>& indices : std::vector<std::vector<int64_t>>{{}, {0, 4}, {3}, {2, 0, 1}}) {
    const auto oracle = [&](const Tensors& in) -> Tensors {
      const std::vector<int64_t> all{0, 1, 2, 3, 4}, &read = indices.empty() ? all : indices;
      Tensor sum = at::zeros({2, 3}, at::kDouble);
      for (const int64_t token : read) sum = sum + in[0].unbind(1)[static_cast<size_t>(token)];
      return {sum / static_cast<double>(read.size())};
    };
    check_against_autograd(ops::MeanTokens({indices}), oracle, {random({2, 5, 3}, 1)}, tolerance);
  }
}
// [/docs:gradcheck]

TEST(MeanTokens, IsChecked) {
  expect_user_error([] { ops::MeanTokens({{0, -1}}); }, {"at least 0", "[0, -1]"});
  expect_user_error([] { ops::MeanTokens({{1, 1}}); }, {"differ", "[1, 1]"});
  expect_user_error([] { ops::MeanTokens({{0, 5}}).forward({random({2, 5, 3})}); }, {"[0, T)", "5"});
  expect_user_error([] { ops::MeanTokens().forward({random({2, 3})}); }, {"[B,T,D]", "[2, 3]"});
  expect_user_error([] { ops::MeanTokens().forward({at::zeros({2, 0, 3})}); }, {"with a token"});
}

}  // namespace
}  // namespace lrpp
