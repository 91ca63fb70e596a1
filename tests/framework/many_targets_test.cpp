// Several targets of one forward pass, on small graphs: which values a row gets, and how rows are divided.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/embedding.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/mean_tokens.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;
using testing::random;
using testing::relative_difference;

/// Rounding of a few hundred float64 operations.
constexpr double rounding = 1e-13;

/// Entry by entry: what the rows from `begin` to `end` of each of B examples are of a value with n entries.
Tensor rows_oracle(const Tensor& value, int64_t B, int64_t per_example, int64_t begin, int64_t end) {
  Tensors rows;
  for (int64_t b = 0; b < B; ++b) {
    for (int64_t j = begin; j < end; ++j) {
      const int64_t row = b * per_example + j;
      rows.push_back(value[row * value.size(0) / (B * per_example)]);
    }
  }
  return at::stack(rows);
}

TEST(Rows, AreWhatTheirExampleAndPositionAre) {
  for (const int64_t B : {1, 3}) {
    for (const int64_t P : {1, 2}) {
      for (const int64_t K : {1, 4}) {
        const Rows all = Rows(B, B * P).times(K);
        for (int64_t begin = 0; begin < P * K; ++begin) {
          for (int64_t end = begin + 1; end <= P * K; ++end) {
            const Rows rows = all.part(begin, end);
            ASSERT_EQ(rows.size(), B * (end - begin));
            for (const int64_t n : {B, B * P, B * P * K}) {
              const Tensor value = random({n, 2}, 1), expected = rows_oracle(value, B, P * K, begin, end);
              EXPECT_TRUE(rows.of(value).equal(expected)) << B << P << K << n << begin << end;
              EXPECT_EQ(rows.of(Meta::of(value)).sizes, expected.sizes().vec());
            }
          }
        }
      }
    }
  }
}

TEST(Rows, OfOneExampleAreViews) {
  const Tensor value = random({1, 5}, 1);
  const Tensor rows = Rows(1, 1, 1000).of(value);
  EXPECT_EQ(rows.sizes(), (std::vector<int64_t>{1000, 5}));
  EXPECT_EQ(rows.const_data_ptr(), value.const_data_ptr());
  const Tensor batch = random({3, 5}, 1);
  EXPECT_TRUE(Rows(3, 3).of(batch).is_same(batch))
      << "one explanation of each example is what there was before";
}

TEST(Rows, LeaveOtherValuesAlone) {
  const Rows rows(3, 3, 2);
  const Tensor broadcasts = random({1, 5}, 1);
  EXPECT_TRUE(rows.of(broadcasts).is_same(broadcasts));
  EXPECT_FALSE(rows.of(Tensor()).defined());
  EXPECT_TRUE(Rows().of(broadcasts).is_same(broadcasts));
}

TEST(Rows, PartsFillTheWhole) {
  const Tensor expected = random({2 * 5, 3}, 1);
  const Rows all(2, 2, 5);
  Tensor whole;
  for (const auto& [begin, end] : std::vector<std::pair<int64_t, int64_t>>{{0, 2}, {2, 3}, {3, 5}}) {
    const Rows part = all.part(begin, end);
    part.put(whole, part.of(expected));
  }
  EXPECT_TRUE(whole.equal(expected));
}

Attribution run(const Plan& plan, const Tensor& x, const std::vector<std::string>& targets,
                int64_t rows_at_once = 0) {
  ExplainOptions options;
  options.targets = targets;
  options.rows_at_once = rows_at_once;
  return explain(plan, {{"x", x}}, {"a", "b", "c"}, options);
}

TEST(ManyTargets, EqualOneByOneUnderEveryComposite) {
  const Registry registry = builtin_registry();
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const std::vector<std::string> targets{"2", "argmax", "0-1"};
  for (const auto& [name, info] : registry.composites()) {
    SCOPED_TRACE(name);
    const Composite composite = testing::make_any_composite(registry, name);
    const Plan plan = make_plan(graph, composite), audit = make_plan(graph, composite, /*audit=*/true);
    for (const int64_t examples : {1, 3}) {
      const Tensor x = random({examples, 4}, 7);
      const Attribution together = run(plan, x, targets);
      for (int64_t k = 0; k < 3; ++k) {
        const Attribution alone = run(plan, x, {targets[static_cast<size_t>(k)]});
        const auto rows = [&](const Tensor& t) { return t.unflatten(0, {-1, 3}).select(1, k); };
        EXPECT_LT(relative_difference(rows(together.relevance), alone.relevance), rounding);
        EXPECT_LT(relative_difference(rows(together.score), alone.score), rounding);
      }
      for (const int64_t at_once : {1, 2, 4, 7, 1000}) {
        const Attribution parts = run(audit, x, targets, at_once);
        EXPECT_LT(relative_difference(parts.relevance, together.relevance), rounding) << at_once;
        EXPECT_TRUE(parts.ledger->unbalanced(1e-10).empty());
        EXPECT_LT(parts.ledger->relative_total_imbalance(), 1e-10);
        EXPECT_TRUE(parts.ledger->seed.allclose(parts.score));
      }
    }
  }
}

TEST(ManyTargets, AllIsEveryClass) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Plan plan = make_plan(graph, builtin_registry().make_composite("lrp-0"));
  const Tensor x = random({2, 4}, 7);
  const Attribution all = run(plan, x, {"all"});
  EXPECT_TRUE(all.example.equal(at::tensor({0, 0, 0, 1, 1, 1}, at::kLong)));
  EXPECT_TRUE(all.score.equal(all.logits.slice(0, 0, 6, 3).flatten())) << "the scores are the logits";
  EXPECT_FALSE(all.position.defined());
  EXPECT_TRUE(all.relevance.equal(run(plan, x, {"0", "1", "2"}).relevance));
}

TEST(ManyTargets, EachPositionMayHaveATargetOfItsOwn) {
  GraphBuilder b;
  const Value ids = b.input("ids"), position = b.input("position");
  const Value table = b.add("table", std::make_shared<ops::Embedding>(random({10, 4}, 1)), {ids});
  const Value chosen = b.add("choice", std::make_shared<ops::SelectToken>(), {table, position});
  const Value y = b.add("head", std::make_shared<ops::Linear>(random({3, 4}, 2), Tensor()), {chosen});
  const Plan plan = make_plan(std::move(b).finish(table, y), builtin_registry().make_composite("lrp-0"));
  std::map<std::string, Tensor> inputs{{"ids", at::tensor({1, 2, 3, 4, 5, 6}, at::kLong).reshape({2, 3})},
                                       {"position", at::tensor({0, 2, 1, 2}, at::kLong)}};
  ExplainOptions options;
  options.targets = {"input"};
  const auto targets_of = [&](const Tensor& given) {
    options.given_target = given;
    return explain(plan, inputs, {}, options).target.target;
  };
  EXPECT_TRUE(targets_of(at::tensor({0, 1, 2, 0}, at::kLong)).equal(at::tensor({0, 1, 2, 0}, at::kLong)));
  EXPECT_TRUE(targets_of(at::tensor({1, 2}, at::kLong)).equal(at::tensor({1, 1, 2, 2}, at::kLong)));
  inputs["position"] = at::tensor({0, 2, 1}, at::kLong);
  expect_user_error([&] { explain(plan, inputs, {}, options); },
                    {"as many positions of each of the 2 examples"});
}

TEST(ManyTargets, ProgressCountsEveryWalk) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Silu>());
  const Plan plan = make_plan(graph, builtin_registry().make_composite("lrp-0"));
  ExplainOptions options;
  options.targets = {"all"};
  for (const int64_t walks : {1, 3}) {
    options.rows_at_once = 3 / walks;
    double last = 0;
    int64_t steps = 0;
    options.progress = [&](int64_t done, int64_t total) {
      const double share = static_cast<double>(done) / static_cast<double>(total);
      EXPECT_GT(share, last);
      last = share;
      ++steps;
    };
    explain(plan, {{"x", random({1, 4}, 7)}}, {"a", "b", "c"}, options);
    EXPECT_EQ(last, 1);
    EXPECT_EQ(steps, std::ssize(graph.nodes()) * (1 + walks)) << "one forward pass";
  }
}

TEST(ManyTargets, AWideWalkIsDividedOfItself) {
  // 2^23 elements in a row: four rows are the 2^25 that walk at once, and a fifth goes alone.
  GraphBuilder b;
  const Value x = b.input("x");
  const Value y = b.add("mean", std::make_shared<ops::MeanTokens>(), {x});
  const Graph graph = std::move(b).finish(x, y);
  const Plan plan = make_plan(graph, builtin_registry().make_composite("gradient"));
  ExplainOptions options;
  options.targets = {"0", "1", "2", "3", "4"};
  int64_t steps = 0;
  options.progress = [&](int64_t, int64_t) { ++steps; };
  const Attribution a = explain(plan, {{"x", at::zeros({1, 1 << 20, 8})}}, {}, options);
  EXPECT_EQ(steps, std::ssize(graph.nodes()) * (1 + 2));
  EXPECT_TRUE(a.relevance.select(1, 0).equal(at::eye(5, 8) / (1 << 20))) << "the gradient of a mean";
}

TEST(ManyTargets, BadLimitsAreNamed) {
  const Plan plan = make_plan(testing::perceptron(std::make_shared<ops::Silu>()),
                              builtin_registry().make_composite("lrp-0"));
  expect_user_error([&] { run(plan, random({1, 4}, 7), {"0"}, -1); }, {"rows_at_once", "-1"});
}

}  // namespace
}  // namespace lrpp
