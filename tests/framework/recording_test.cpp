// What of recordings needs no GPU: what they refuse, copies of the host's tensors, late checks.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/embedding.h>
#include <lrpp/framework/ops/mean_tokens.h>
#include <lrpp/framework/recording.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;

TEST(LateChecks, ReportTheFirstThatDoesNotHold) {
  const auto holds = [](bool it) { return at::scalar_tensor(it, at::kBool); };
  LateChecks checks;
  checks.settle();
  checks.add(holds(true), [] { fail("test", "the first"); });
  checks.settle();
  checks.add(holds(false), [] { fail("test", "the second"); });
  checks.add(holds(false), [] { fail("test", "the third"); });
  expect_user_error([&] { checks.settle(); }, {"the second"});
}

TEST(LateChecks, FindWhatIsNotFinite) {
  const auto report = [] { fail("test", "not finite"); };
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble, at::kBFloat16}) {
    Tensor values = at::tensor({0.0, -1.5, 1e30, -1e-30}).to(dtype);
    LateChecks checks;
    checks.add_finite(values, report);
    checks.settle();
    for (const double bad : {INFINITY, -INFINITY, NAN}) {
      values[2] = bad;
      LateChecks refusing;
      refusing.add_finite(values, report);
      expect_user_error([&] { refusing.settle(); }, {"not finite"});
    }
  }
}

TEST(HostCopies, AreGivenAgainInTheirOrder) {
  // The meta device computes nothing: that a copy was given shows in its identity.
  const at::Device there("meta");
  const Tensor a = at::arange(3), b = at::arange(4);
  HostCopies copies;
  Tensor first, second;
  {
    const HostCopies::Keep keep(copies);
    first = to_device(a, there);
    second = to_device(b, there);
  }
  EXPECT_FALSE(to_device(a, there).is_same(first));
  const HostCopies::Give give(copies);
  EXPECT_TRUE(to_device(at::arange(3), there).is_same(first));
  EXPECT_TRUE(to_device(a, at::kCPU).is_same(a));
  EXPECT_THROW(to_device(b + 1, there), InternalError);
  EXPECT_THROW(to_device(a, there), InternalError);
}

TEST(Recording, RefusesWhatIsNoWorkOfAGpu) {
  const Registry registry = builtin_registry();
  const Graph graph = testing::perceptron(std::make_shared<ops::Relu>());
  const auto record = [&](bool audit, std::vector<std::string> targets) {
    const Plan plan = make_plan(graph, registry.make_composite("lrp-0"), audit);
    ExplainOptions options;
    options.targets = std::move(targets);
    Recording(plan, {{"x", testing::random({2, 4}, 1)}}, {}, options);
  };
  expect_user_error([&] { record(false, {"0"}); }, {"recording", "CUDA device"});
  expect_user_error([&] { record(true, {"0"}); }, {"audit"});
  expect_user_error([&] { record(false, {"0", "1"}); }, {"one target"});
}

TEST(Forward, TakesTheValueOfASource) {
  GraphBuilder builder;
  const Value ids = builder.input("input_ids");
  const Tensor table = testing::random({7, 3}, 2);
  const Value x =
      builder.add("embeddings", std::make_shared<ops::Embedding>(table, ops::EmbeddingAttributes{}), {ids});
  const Value mean = builder.add("mean", std::make_shared<ops::MeanTokens>(), {x});
  const Graph graph = std::move(builder).finish(x, mean);
  const Plan plan = make_plan(graph, builtin_registry().make_composite("lrp-0"));
  const Tensor tokens = at::tensor({1, 2, 3}, at::kLong).unsqueeze(0), other = testing::random({1, 3, 3}, 3);
  EXPECT_TRUE(forward(plan, {{"input_ids", tokens}}).output.equal(at::embedding(table, tokens).mean(1)));
  EXPECT_TRUE(forward(plan, {{"input_ids", tokens}, {"embeddings", other}}).output.equal(other.mean(1)));
  // Only sources can be given: the value of another node would hide what leads to it.
  expect_user_error([&] { forward(plan, {{"input_ids", tokens}, {"mean", other}}); }, {"no input 'mean'"});
}

}  // namespace
}  // namespace lrpp
