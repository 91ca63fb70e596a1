// Runs of layers that are computed again together, through the fused ops of each family.
#include <gtest/gtest.h>
#include <lrpp/framework/forward.h>
#include <lrpp/framework/heap.h>
#include <lrpp/tests/support/models.h>

#include <set>

namespace lrpp {
namespace {

using namespace testing;

constexpr int64_t layers = 10;

/// The case's model with its layers stacked again and again.
Model load_deep(const std::string& name) {
  EditedModel model(name);
  const int64_t stored = model.config["num_hidden_layers"];
  const std::map<std::string, Tensor> tensors = model.tensors;
  for (int64_t i = stored; i < layers; ++i) {
    const std::string prefix = "backbone.layers.", from = prefix + std::to_string(i % stored) + ".";
    for (const auto& [key, tensor] : tensors) {
      if (key.starts_with(from))
        model.tensors[prefix + std::to_string(i) + "." + key.substr(from.size())] = tensor;
    }
  }
  model.config["num_hidden_layers"] = layers;
  return model.load();
}

class Runs : public ::testing::TestWithParam<std::string> {};

TEST_P(Runs, ComputedAgainAreTheSameToTheBit) {
  const Model model = load_deep(GetParam());
  const auto inputs = case_inputs(model, case_tensors(GetParam()));
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"));
  ASSERT_GE(plan.segments.size(), static_cast<size_t>(layers));
  // No room at all.
  const MemoryOptions least{Recompute::automatic, 1};
  const Trace trace = forward(plan, inputs, {}, least);
  int64_t runs = 0;
  for (size_t s = 0; s < plan.segments.size(); ++s) runs += trace.again[s].first < plan.segments[s].first;
  EXPECT_GT(runs, 0);
  for (const std::vector<std::string>& targets : std::vector<std::vector<std::string>>{{"0"}, {"0", "1"}}) {
    ExplainOptions options;
    options.targets = targets;
    options.rows_at_once = 1;  // each walk computes the runs again
    options.memory = {Recompute::never};
    const Attribution kept = explain(plan, inputs, model.labels, options);
    options.memory = least;
    EXPECT_TRUE(explain(plan, inputs, model.labels, options).relevance.equal(kept.relevance));
  }
}

TEST_P(Runs, AnyLimitGivesTheSameToTheBit) {
  keep_freed_memory();
  const Model model = load_deep(GetParam());
  const Tensor ids = at::arange(4096, at::kLong).square().remainder(model.vocabulary_size).unsqueeze(0);
  const auto inputs = prepare_text(model, {.input_ids = ids, .attention_mask = {}, .target = {}}, "last");
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite("mamba-lrp"));
  std::set<size_t> kept_segments;
  ExplainOptions options;
  options.memory = {Recompute::never};
  release_freed_memory();
  const int64_t before = heap_use().in_use;
  const Tensor kept = explain(plan, inputs, model.labels, options).relevance;
  const int64_t all = heap_use().peak - before;
  // The last is far beyond what is needed: the limit counts the whole process, whose other parts come and go.
  for (const int64_t eighths : {1, 3, 5, 7, 12, 64}) {
    SCOPED_TRACE(eighths);
    release_freed_memory();
    options.memory = {Recompute::automatic, used_memory(at::kCPU) + all * eighths / 8};
    EXPECT_TRUE(explain(plan, inputs, model.labels, options).relevance.equal(kept));
    const Trace trace = forward(plan, inputs, {}, options.memory);
    size_t whole = 0;
    for (const Segment& again : trace.again) whole += again.again.empty();
    kept_segments.insert(whole);
  }
  // From only the last to all, by way of some.
  EXPECT_GE(kept_segments.size(), 3u);
  EXPECT_TRUE(kept_segments.contains(plan.segments.size()));
}

INSTANTIATE_TEST_SUITE_P(Families, Runs,
                         ::testing::Values("hf-forward/mamba-tied", "hf-forward/falcon-mamba",
                                           "hf-forward/mamba2"),
                         test_name);

}  // namespace
}  // namespace lrpp
