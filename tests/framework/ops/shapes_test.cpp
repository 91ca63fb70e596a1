#include <lrpp/framework/ops/shapes.h>
#include <lrpp/tests/support/gradcheck.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::check_against_autograd;
using testing::expect_user_error;
using testing::random;

/// Values are moved and nothing is computed.
constexpr double tolerance = 1e-15;

TEST(Flatten, AgainstAutograd) {
  struct Case {
    ops::FlattenAttributes attributes;
    std::vector<int64_t> from, to;
  };
  for (const Case& c : std::vector<Case>{{{}, {2, 3, 4, 5}, {2, 60}},
                                         {{2, -1}, {2, 3, 4, 5}, {2, 3, 20}},
                                         {{1, 2}, {2, 3, 4, 5}, {2, 12, 5}},
                                         {{-2, -1}, {1, 1, 7, 1}, {1, 1, 7}},
                                         {{1, 1}, {2, 3}, {2, 3}}}) {
    const ops::Flatten op(c.attributes);
    SCOPED_TRACE(op.attributes().dump());
    check_against_autograd(
        op, [&](const Tensors& in) -> Tensors { return {in[0].reshape(c.to)}; }, {random(c.from, 1)},
        tolerance);
  }
  // A view of another layout cannot be flattened in place.
  const Tensor turned = random({2, 4, 3}, 2).transpose(1, 2);
  check_against_autograd(
      ops::Flatten(),
      [](const Tensors& in) -> Tensors {
        return {in[0].reshape({2, 12})};
      },
      {turned}, tolerance);
}

TEST(Flatten, IsChecked) {
  expect_user_error([] { ops::Flatten({0, -1}); }, {"start_dim", "batch"});
  expect_user_error([] { ops::Flatten({-2, -1}).forward({random({2, 3})}); }, {"[2, 3]"});
  expect_user_error([] { ops::Flatten({1, 3}).forward({random({2, 3, 4})}); }, {"[2, 3, 4]", "end_dim 3"});
  expect_user_error([] { ops::Flatten({2, 1}).forward({random({2, 3, 4})}); }, {"[2, 3, 4]"});
}

TEST(Permute, AgainstAutograd) {
  const auto oracle = [](const Tensors& in) -> Tensors { return {in[0].transpose(1, 2).transpose(2, 3)}; };
  check_against_autograd(ops::Permute({{0, 2, 3, 1}}), oracle, {random({2, 3, 4, 5}, 1)}, tolerance);
  const auto back = [](const Tensors& in) -> Tensors { return {in[0].transpose(2, 3).transpose(1, 2)}; };
  check_against_autograd(ops::Permute({{0, 3, 1, 2}}), back, {random({1, 3, 4, 1}, 1)}, tolerance);
}

TEST(Permute, IsChecked) {
  expect_user_error([] { ops::Permute(ops::PermuteAttributes{}); }, {"each dimension once"});
  expect_user_error([] { ops::Permute({{0, 1, 1}}); }, {"each dimension once", "[0, 1, 1]"});
  expect_user_error([] { ops::Permute({{0, 3, 1}}); }, {"each dimension once", "[0, 3, 1]"});
  expect_user_error([] { ops::Permute({{1, 0}}); }, {"begin with 0", "[1, 0]"});
  expect_user_error([] { ops::Permute({{0, 2, 1}}).forward({random({2, 3})}); }, {"3 dimensions", "[2, 3]"});
}

TEST(Shapes, RouteAndKeepTheSign) {
  EXPECT_TRUE(ops::Flatten().routes());
  EXPECT_TRUE(ops::Permute({{0, 2, 1}}).nonnegative({true}));
  EXPECT_FALSE(ops::Flatten().nonnegative({false}));
  EXPECT_EQ(ops::Permute({{0, 2, 1}}).attributes().dump(), R"({"dims":[0,2,1]})");
}

}  // namespace
}  // namespace lrpp
