// Recorded explanations on a GPU against those that are not.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/recording.h>
#include <lrpp/tests/plugins/mamba/cases.h>
#include <torch/cuda.h>

namespace lrpp {
namespace {

using namespace testing;
using Inputs = std::map<std::string, Tensor>;

class RecordingOnCuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "this machine has no CUDA device";
  }

  static Model load(const std::string& name) {
    return load_model(builtin_registry(), fixture(name), {at::kFloat, at::kCUDA, false});
  }
  static Plan plan_of(const Model& model) {
    return make_plan(model.graph, builtin_registry().make_composite(model.default_composite));
  }
  static Inputs text(const Model& model, int64_t seed, int64_t tokens = 12, const char* position = "last") {
    at::manual_seed(static_cast<uint64_t>(seed));
    return prepare_text(model, {at::randint(5, 30, {2, tokens}, at::kLong), {}, {}, {}}, position);
  }
};

TEST_F(RecordingOnCuda, ExplainsOtherTokensAsExplainDoes) {
  for (const char* name : {"mamba-official/lm-tied", "hf-forward/gpt2", "hf-forward/bert"}) {
    SCOPED_TRACE(name);
    const Model model = load(name);
    const Plan plan = plan_of(model);
    Recording recording(plan, text(model, 0), model.labels, {});
    for (int64_t seed = 1; seed < 4; ++seed) {
      const Inputs inputs = text(model, seed);
      const Attribution expected = explain(plan, inputs, model.labels), got = recording.explain(inputs);
      // The same kernels in the same order.
      EXPECT_TRUE(got.relevance.equal(expected.relevance))
          << relative_difference(got.relevance, expected.relevance);
      EXPECT_TRUE(got.relevance_token.equal(expected.relevance_token));
      EXPECT_TRUE(got.logits.equal(expected.logits));
      EXPECT_TRUE(got.score.equal(expected.score));
      EXPECT_TRUE(got.target.target.equal(expected.target.target));
      ASSERT_EQ(got.position.defined(), expected.position.defined());
      if (got.position.defined()) {
        EXPECT_TRUE(got.position.equal(expected.position));
      }
    }
  }
}

TEST_F(RecordingOnCuda, KeepsResultsOfBefore) {
  const Model model = load("mamba-official/lm-tied");
  const Plan plan = plan_of(model);
  Recording recording(plan, text(model, 0), model.labels, {});
  const Attribution first = recording.explain(text(model, 1));
  const Tensor before = first.relevance.clone();
  recording.explain(text(model, 2));
  EXPECT_TRUE(first.relevance.equal(before));
}

TEST_F(RecordingOnCuda, ExplainsPictures) {
  const Model model = load("hf-forward/vit");
  const Plan plan = plan_of(model);
  const Tensor pixels =
      SafetensorsFile(fixture("hf-forward/vit") / "case.safetensors").get("pixel_values").clone();
  Recording recording(plan, prepare_image(model, {pixels, {}}), model.labels, {});
  const Inputs inputs = prepare_image(model, {pixels.flip(-1).contiguous(), {}});
  EXPECT_TRUE(recording.explain(inputs).relevance.equal(explain(plan, inputs, model.labels).relevance));
}

TEST_F(RecordingOnCuda, RefusesWhatWasNotRecorded) {
  const Model model = load("mamba-official/lm-tied");
  const Plan plan = plan_of(model);
  Recording recording(plan, text(model, 0), model.labels, {});
  expect_user_error([&] { recording.explain(text(model, 1, 13)); }, {"input_ids", "shapes"});
  expect_user_error([&] { recording.explain(text(model, 1, 12, "first")); }, {"position", "decided"});
  // And it is none the worse for it.
  const Inputs inputs = text(model, 2);
  EXPECT_TRUE(recording.explain(inputs).relevance.equal(explain(plan, inputs, model.labels).relevance));
}

TEST_F(RecordingOnCuda, RefusesWhatCannotBeRecorded) {
  const Model model = load("hf-options/nemotron-h-moe");
  const Plan plan = plan_of(model);
  // Which experts a token chooses has to be known on the host.
  expect_user_error([&] { Recording(plan, text(model, 0), model.labels, {}); },
                    {"recording", "wait for the device"});
  // The device works on.
  EXPECT_TRUE(explain(plan, text(model, 0), model.labels).relevance.isfinite().all().item<bool>());
}

}  // namespace
}  // namespace lrpp
