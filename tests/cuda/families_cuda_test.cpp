// Transformers and CNNs on a GPU against the CPU.
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/tests/support/testing.h>
#include <torch/cuda.h>

namespace lrpp {
namespace {

using testing::fixture;
using testing::relative_difference;

Attribution explain_on(const std::string& name, const char* device, bool audit) {
  const SafetensorsFile file(fixture(name) / "case.safetensors");
  const auto get = [&](const char* key) {
    return file.tensors().contains(key) ? file.get(key).clone() : Tensor();
  };
  const Registry registry = builtin_registry();
  const Model model = load_model(registry, fixture(name), {at::kDouble, at::Device(device), false});
  const auto inputs =
      model.image
          ? prepare_image(model, {get("pixel_values"), {}})
          : prepare_text(model, {get("input_ids"), get("attention_mask"), {}, get("token_type_ids")}, "last");
  const Plan plan = make_plan(model.graph, registry.make_composite(model.default_composite), audit);
  return explain(plan, inputs, model.labels);
}

class FamilyOnCuda : public ::testing::TestWithParam<const char*> {};

TEST_P(FamilyOnCuda, ExplainsAsTheCpuDoes) {
  if (!torch::cuda::is_available()) GTEST_SKIP() << "this machine has no CUDA device";
  const Attribution cpu = explain_on(GetParam(), "cpu", false), cuda = explain_on(GetParam(), "cuda", false);
  // Float64 on both sides; what differs is the order of sums, and small denominators raise that.
  EXPECT_LT(relative_difference(cuda.logits.cpu(), cpu.logits), 1e-12);
  EXPECT_LT(relative_difference(cuda.relevance.cpu(), cpu.relevance), 1e-9);
  const Attribution audited = explain_on(GetParam(), "cuda", true);
  EXPECT_LT(audited.ledger->relative_total_imbalance(), ledger_tolerance(at::kDouble));
  EXPECT_TRUE(audited.ledger->unbalanced(ledger_tolerance(at::kDouble)).empty());
}

INSTANTIATE_TEST_SUITE_P(All, FamilyOnCuda,
                         ::testing::Values("hf-forward/bert", "hf-forward/roberta", "hf-forward/gpt2",
                                           "hf-forward/gpt-neox", "hf-forward/llama-gqa", "hf-forward/gemma2",
                                           "hf-forward/gemma3", "hf-forward/qwen3", "hf-forward/vit",
                                           "hf-forward/resnet", "hf-forward/convnext", "lxt/vit-cp-lrp",
                                           "zennit/vgg-bn-epsilon-plus", "zennit/resnet-epsilon-plus",
                                           "hf-forward/jamba", "hf-forward/bamba", "hf-forward/zamba2",
                                           "hf-options/nemotron-h-moe"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name) c = c == '/' || c == '-' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace lrpp
