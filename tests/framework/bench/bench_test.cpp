// The statistics of benchmarks, on numbers that are given; nothing here depends on how fast a machine is.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/bench/bench_report.h>
#include <lrpp/framework/bench/profile.h>
#include <lrpp/framework/bench/random_inputs.h>
#include <lrpp/framework/io/byte_size.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/tests/support/graphs.h>
#include <lrpp/tests/support/testing.h>

namespace lrpp {
namespace {

using testing::expect_user_error;
using testing::random;

TEST(Times, MedianLeastMostAndSpread) {
  const Times odd = summarize({5, 1, 4});
  EXPECT_EQ(odd.median_ms, 4);
  EXPECT_EQ(odd.min_ms, 1);
  EXPECT_EQ(odd.max_ms, 5);
  EXPECT_EQ(odd.spread, 1);
  EXPECT_EQ(odd.runs_ms, (std::vector<double>{5, 1, 4})) << "in the order in which they ran";
  EXPECT_EQ(summarize({8, 2, 4, 6}).median_ms, 5);
  EXPECT_EQ(summarize({3}).spread, 0);
  expect_user_error([] { summarize({}); }, {"at least one run"});
}

TEST(Times, WarmUpIsNotCounted) {
  int runs = 0;
  EXPECT_EQ(time_runs(at::kCPU, 2, 3, [&] { ++runs; }).runs_ms.size(), 3U);
  EXPECT_EQ(runs, 5);
}

TEST(PeakMemory, SeesWhatWasFreedAgain) {
  const PeakMemory memory(at::kCPU);
  ASSERT_TRUE(memory.peak_mib().has_value());
  { const Tensor large = at::ones({64, 1 << 18}); }  // 64 MiB, written
  // Pages are counted for each processor before they are summed up, so that a few may be missing.
  EXPECT_GT(*memory.peak_mib() - memory.base_mib(), 60);
}

TEST(Profile, RowsAreSumsOverNodesOfAnOp) {
  const Graph graph = testing::perceptron(std::make_shared<ops::Relu>());
  const std::map<NodePass, double> times{{{Pass::forward, "first"}, 4.0},
                                         {{Pass::forward, "second"}, 2.0},
                                         {{Pass::forward, "act"}, 8.0},
                                         {{Pass::walk, "first"}, 2.0}};
  Operations operations;
  operations.nodes[{Pass::forward, "first"}] = {2e9, 1e6};   // 2 ms by its products
  operations.nodes[{Pass::forward, "second"}] = {1e8, 1e7};  // 0.1 ms so, 0.5 by its bytes
  operations.nodes[{Pass::forward, ""}] = {0, 2e6};          // 0.1 ms
  const auto rows = profile_rows(graph, times, 2, 20, operations, {/*gflop_per_s=*/1000, /*gbyte_per_s=*/20});
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0].op, "relu");
  EXPECT_EQ(rows[0].ms, 4);
  EXPECT_EQ(rows[1].pass, "forward");
  EXPECT_EQ(rows[1].op, "linear");
  EXPECT_EQ(rows[1].nodes, 2);
  EXPECT_EQ(rows[1].ms, 3);
  EXPECT_EQ(rows[1].share, 0.3);
  EXPECT_DOUBLE_EQ(rows[1].gflop, 2.1);
  EXPECT_DOUBLE_EQ(rows[1].mib, 1.1e7 / (1 << 20));
  EXPECT_DOUBLE_EQ(rows[1].limit_ms, 2.5);
  EXPECT_DOUBLE_EQ(rows[1].explained, 2.5 / 3);
  EXPECT_EQ(rows[2].pass, "walk");
  EXPECT_EQ(rows[2].op, "linear");
  EXPECT_EQ(rows[3].op, "outside of nodes");
  EXPECT_EQ(rows[3].ms, 2);
  EXPECT_DOUBLE_EQ(rows[3].limit_ms, 0.1);
  EXPECT_EQ(rows[4].op, "all");
  EXPECT_EQ(rows[4].ms, 10);
  EXPECT_EQ(rows[4].share, 1);
  EXPECT_DOUBLE_EQ(rows[4].limit_ms, 2.6);
}

TEST(ForwardPlan, KeepsWhatIsReadOutAlone) {
  const Plan plan = make_plan(testing::perceptron(std::make_shared<ops::Silu>()),
                              builtin_registry().make_composite("gradient"));
  const Tensor x = random({7, 4});
  const Trace whole = forward(plan, {{"x", x}}),
              own = forward(make_forward_plan(plan.graph, std::vector<Value>{}), {{"x", x}});
  EXPECT_TRUE(own.output.equal(whole.output));
  const auto kept = [](const Trace& trace) {
    int count = 0;
    for (const Tensors& outputs : trace.values) {
      for (const Tensor& t : outputs) count += t.defined() ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(kept(own), 2) << "the input and the output";
  EXPECT_GT(kept(whole), 2);
}

TEST(RandomInputs, AreValidAndTheSameForASeed) {
  Model model;
  model.vocabulary_size = 7;
  const Tensor ids = random_text(model, 3, 50, 1).input_ids;
  EXPECT_EQ(ids.sizes(), (std::vector<int64_t>{3, 50}));
  EXPECT_EQ(ids.min().item<int64_t>(), 0);
  EXPECT_EQ(ids.max().item<int64_t>(), 6);
  EXPECT_TRUE(random_text(model, 3, 50, 1).input_ids.equal(ids));
  EXPECT_FALSE(random_text(model, 3, 50, 2).input_ids.equal(ids));
  model.image = ImageShape{1, 28, 0};
  EXPECT_EQ(random_images(model, 2, 0).pixel_values.sizes(), (std::vector<int64_t>{2, 1, 28, 224}));
  expect_user_error([&] { random_text(model, 1, 0, 0); }, {"[tokens]", "at least 1", "0"});
  expect_user_error([&] { random_text(Model{}, 1, 1, 0); }, {"reads no text"});
}

TEST(BytesFromWord, NumbersWithTheirUnit) {
  EXPECT_EQ(bytes_from_word("memory", ""), 0);
  EXPECT_EQ(bytes_from_word("memory", "12GiB"), int64_t{12} << 30);
  EXPECT_EQ(bytes_from_word("memory", "1.5MiB"), 3 << 19);
  for (const char* word : {"5", "GiB", "0GiB", "-1GiB", "1e300GiB", "8GB"})
    expect_user_error([&] { bytes_from_word("memory", word); }, {"[memory]", "8GiB", word});
}

TEST(BenchReport, TablesNameWhatIsNotKnown) {
  BenchReport report;
  report.model = "some-model";
  report.record = {{"composite", {{"name", "lrp-0"}}}, {"dtype", "float32"}, {"device", "cpu"}};
  BenchRun run;
  run.batch = 8;
  run.tokens = 512;
  run.forward.time = run.explanation.time = summarize({2.0});
  report.runs = {run};
  const std::string text = render(report);
  EXPECT_NE(text.find("some-model: lrp-0, float32 on cpu"), std::string::npos) << text;
  EXPECT_NE(text.find("| 512 tokens x 8 |"), std::string::npos) << text;
  EXPECT_NE(text.find("unknown"), std::string::npos) << "the peaks of memory";
  EXPECT_TRUE(to_json(report)["runs"][0]["forward"]["peak_mib"].is_null());
}

}  // namespace
}  // namespace lrpp
