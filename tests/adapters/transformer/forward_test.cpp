// Forward passes of every family against transformers and torchvision.
#include <lrpp/tests/adapters/transformer/cases.h>

namespace lrpp {
namespace {

using namespace testing;

/// Float64 rounding through a few layers, relative to the largest logit; the two sides sum in other orders.
constexpr double tolerance = 1e-12;

class LanguageModel : public ::testing::TestWithParam<std::string> {};

TEST_P(LanguageModel, EqualsTransformersAtEveryPosition) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam(), at::kDouble, /*every_position=*/true);
  EXPECT_EQ(model.task, "language model");
  const Tensor logits = run_forward(model, {{"input_ids", tensors.at("input_ids")}});
  EXPECT_LT(relative_difference(logits, tensors.at("logits")), tolerance);
}

TEST_P(LanguageModel, AnyPositionIsTheSameRowOfAllPositions) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  const TextInputs inputs{tensors.at("input_ids"), {}, {}, {}};
  const int64_t last = tensors.at("input_ids").size(1) - 1;
  for (const auto& [position, row] : std::map<std::string, int64_t>{{"first", 0}, {"4", 4}, {"last", last}}) {
    const Tensor logits = run_forward(model, prepare_text(model, inputs, position));
    EXPECT_LT(relative_difference(logits, tensors.at("logits").select(1, row)), tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, LanguageModel, ::testing::ValuesIn(language_models()), test_name);

class Classifier : public ::testing::TestWithParam<std::string> {};

TEST_P(Classifier, EqualsTransformersOrTorchvision) {
  const auto tensors = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  EXPECT_EQ(model.task, model.image ? "image classifier" : "classifier");
  EXPECT_EQ(static_cast<int64_t>(model.labels.size()), tensors.at("logits").size(1));
  const Tensor logits = run_forward(model, case_inputs(model, tensors));
  EXPECT_LT(relative_difference(logits, tensors.at("logits")), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Cases, Classifier, ::testing::ValuesIn(classifiers()), test_name);

}  // namespace
}  // namespace lrpp
