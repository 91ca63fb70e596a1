// What is counted of LibTorch's operations, each against a count by hand, and whose node it is counted for.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/bench/observe.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

#include <thread>

namespace lrpp {
namespace {

using testing::random;

constexpr double of_float = 4;

Tensor floats(at::IntArrayRef sizes) { return at::randn(sizes, at::kFloat); }

Counted count(const std::function<void()>& work) {
  const Operations found = count_operations(work);
  Counted sum;
  for (const auto& [node, counted] : found.nodes) {
    sum.flops += counted.flops;
    sum.bytes += counted.bytes;
  }
  EXPECT_EQ(sum.flops, found.flops());
  return sum;
}

TEST(CountOperations, ProductsByTheirSizes) {
  const Tensor a = floats({5, 4}), b = floats({4, 3}), bias = floats({3}), v = floats({4});
  Counted c = count([&] { at::mm(a, b); });
  EXPECT_EQ(c.flops, 2 * 5 * 4 * 3);
  EXPECT_EQ(c.bytes, of_float * (20 + 12 + 15));
  c = count([&] { at::linear(a, b.t().contiguous(), bias); });  // and the copy of b: read and written
  EXPECT_EQ(c.flops, 2 * 5 * 4 * 3);
  EXPECT_EQ(c.bytes, of_float * (20 + 12 + 3 + 15 + 2 * 12));
  EXPECT_EQ(count([&] { at::matmul(a, v); }).flops, 2 * 5 * 4);
  EXPECT_EQ(count([&] { at::matmul(floats({2, 3, 5, 4}), floats({2, 3, 4, 6})); }).flops, 2 * 6 * 5 * 4 * 6);
  Tensor sum = floats({2, 5, 3});
  EXPECT_EQ(count([&] { sum.baddbmm_(floats({2, 5, 4}), floats({2, 4, 3})); }).flops, 2 * 2 * 5 * 4 * 3);
}

TEST(CountOperations, ConvolutionsByTheirOutputs) {
  const std::vector<int64_t> stride{2, 1}, padding{1, 2}, dilation{1, 2}, none{0, 0};
  const Tensor x = floats({2, 4, 9, 8}), weight = floats({6, 2, 3, 2});
  Tensor y;
  const Counted forward =
      count([&] { y = at::convolution(x, weight, {}, stride, padding, dilation, false, none, 2); });
  // Each output rests on the 2 channels of its group and 3 x 2 positions.
  EXPECT_EQ(forward.flops, 2 * static_cast<double>(y.numel()) * 2 * 3 * 2);
  const Counted back =
      count([&] { at::convolution(y, weight, {}, stride, padding, dilation, true, none, 2); });
  EXPECT_EQ(back.flops, forward.flops);
}

TEST(CountOperations, BytesOfWhatMoves) {
  const Tensor a = floats({6, 4}), table = floats({100, 4});
  EXPECT_EQ(count([&] { a.t().reshape({24}).slice(0, 1).unsqueeze(0); }).bytes, of_float * 2 * 24)
      << "one copy, by reshape";
  EXPECT_EQ(count([&] { at::empty_like(a); }).bytes, 0);
  EXPECT_EQ(count([&] { a + a.sum(); }).bytes, of_float * (24 + 1 + 24 + 1 + 24));
  Tensor b = floats({6, 4});
  EXPECT_EQ(count([&] { b.add_(a); }).bytes, of_float * 3 * 24);
  EXPECT_EQ(count([&] { b.copy_(a); }).bytes, of_float * 2 * 24);
  EXPECT_EQ(count([&] { at::add_out(b, a, a); }).bytes, of_float * 3 * 24);
  EXPECT_EQ(count([&] {
              a.slice(0, 0, 1).expand({6, 4}).clone();
            }).bytes,
            of_float * (24 + 24))
      << "what an expanded tensor shows more than once is at most its memory";
  const Tensor ids = at::tensor({1, 5, 1}, at::kLong);
  EXPECT_EQ(count([&] { at::embedding(table, ids); }).bytes, of_float * 2 * 12 + 3 * 8);
  EXPECT_EQ(count([&] { at::cat({a, table}); }).bytes, of_float * 2 * 424);
}

TEST(CountOperations, EqualProductsStandOnce) {
  const Tensor a = floats({5, 4}), b = floats({4, 3});
  const Operations found = count_operations([&] {
    for (int i = 0; i < 3; ++i) at::mm(a, b);
    at::mm(a, floats({3, 4}).t());  // another layout
  });
  ASSERT_EQ(found.products.size(), 2U);
  EXPECT_EQ(found.products[0].calls, 3);
  EXPECT_EQ(found.products[1].b.strides, (std::vector<int64_t>{1, 4}));
  EXPECT_EQ(found.products[1].b.random(at::kCPU).strides(), (std::vector<int64_t>{1, 4}));
  EXPECT_GT(products_alone_ms(found.products, at::kCPU, 2), 0);
}

TEST(CountOperations, OfOtherThreadsToo) {
  const Counted c = count([] { std::thread([] { at::mm(floats({5, 4}), floats({4, 3})); }).join(); });
  EXPECT_EQ(c.flops, 2 * 5 * 4 * 3);
}

TEST(CountOperations, EndsWithTheWork) {
  EXPECT_THROW(count_operations([] { fail("test", "no"); }), UserError);
  at::mm(floats({5, 4}), floats({4, 3}));
  EXPECT_EQ(count([] {}).flops, 0);
}

/// A perceptron [B,4] -> 5 -> 3 under LRP-0: one product a layer in each direction.
class NodeObservation : public ::testing::Test {
 protected:
  const Plan plan_ = make_plan(testing::perceptron(std::make_shared<ops::Relu>()),
                               builtin_registry().make_composite("lrp-0"));
  const Tensor x_ = random({7, 4});
  void explain_once() const { explain(plan_, {{"x", x_}}, {}, {}); }
};

TEST_F(NodeObservation, CountsBelongToTheNodeAndThePass) {
  Operations found = count_operations([&] { explain_once(); });
  EXPECT_EQ((found.nodes[{Pass::forward, "first"}].flops), 2 * 7 * 4 * 5);
  EXPECT_EQ((found.nodes[{Pass::forward, "second"}].flops), 2 * 7 * 5 * 3);
  EXPECT_EQ((found.nodes[{Pass::walk, "second"}].flops), 2 * 7 * 3 * 5);
  EXPECT_EQ((found.nodes[{Pass::walk, "first"}].flops), 2 * 7 * 5 * 4);
  EXPECT_EQ((found.nodes[{Pass::forward, "act"}].bytes), 2 * 7 * 5 * 8) << "float64, read and written";
  EXPECT_GT((found.nodes[{Pass::forward, ""}].bytes), 0) << "the seed";
  EXPECT_EQ(found.flops(), 2 * 2 * 7 * (20 + 15));
}

TEST_F(NodeObservation, TimesEveryNodeThatRuns) {
  const auto times = time_nodes(at::kCPU, [&] { explain_once(); });
  std::vector<std::string> nodes;
  for (const auto& [key, ms] : times) {
    EXPECT_GT(ms, 0);
    nodes.push_back(std::string(NodeScope::word(key.pass)) + " " + key.node);
  }
  EXPECT_EQ(nodes, (std::vector<std::string>{"forward act", "forward first", "forward second", "walk act",
                                             "walk first", "walk second"}));
}

}  // namespace
}  // namespace lrpp
