// The oracle of the Mamba family, before anything is held against it: its values are those of transformers,
// holding changes no value, each thing held changes the relevance, and relevance is conserved.
#include <lrpp/tests/plugins/mamba/family_cases.h>

namespace lrpp {
namespace {

using namespace testing;

class FamilyReference : public ::testing::TestWithParam<FamilyCase> {
 protected:
  const std::map<std::string, Tensor> tensors_ = case_tensors(GetParam().fixture);
  const ReferenceMamba reference_{fixture(GetParam().fixture)};
};

TEST_P(FamilyReference, ForwardEqualsTransformersAtEveryPosition) {
  const Tensor x = reference_.embed(tensors_.at("input_ids")), logits = reference_.logits(x, {});
  const Tensor& expected = tensors_.at("logits");  // [B,T,V], or of a classifier [B,C] at the last token
  // Float64 on both sides, another order of the sums: 2.4e-14 was the largest seen.
  EXPECT_LT(relative_difference(expected.dim() == 2 ? logits.select(1, -1) : logits, expected), 1e-12);
  // Detaching changes no value, and a / 2 + a / 2 is exact.
  EXPECT_TRUE(reference_.logits(x, everything_held()).equal(logits));
}

TEST_P(FamilyReference, EachThingHeldMovesTheRelevance) {
  const Tensor all = reference_relevance(reference_, tensors_, everything_held());
  for (const Held held : everything_held()) {
    SCOPED_TRACE(static_cast<int>(held));
    std::set<Held> others = everything_held();
    others.erase(held);
    const double moved = relative_difference(reference_relevance(reference_, tensors_, others), all);
    if (GetParam().held.contains(held)) {
      // 1.6e-3 was the smallest seen, a billion times the tolerance of family_oracle_test.cpp.
      EXPECT_GT(moved, 1e-3) << "tests against the oracle would not see this rule";
    } else {
      EXPECT_EQ(moved, 0) << "the model has no such thing, or it lies upstream of what is held";
    }
  }
}

/// Without biases MambaLRP conserves: the whole logit arrives at the embeddings.
TEST_P(FamilyReference, ConservesWithoutBiases) {
  const TemporaryFolder folder;
  EditedModel model(GetParam().fixture);
  for (auto& [name, tensor] : model.tensors) {
    if (name.ends_with(".bias")) tensor.zero_();
  }
  write_atomically(folder / "config.json", model.config.dump());
  save_safetensors(folder / "model.safetensors", {model.tensors.begin(), model.tensors.end()});
  const ReferenceMamba without_biases(folder.path());
  const Tensor& ids = tensors_.at("input_ids");
  const auto missing = [&](const std::set<Held>& held) {
    const Tensor logits = without_biases.logits(without_biases.embed(ids), {}).select(1, ids.size(1) - 1);
    return relative_difference(reference_relevance(without_biases, tensors_, held).sum({1, 2}),
                               logits.gather(1, tensors_.at("target").unsqueeze(1)).squeeze(1));
  };
  // The epsilon in the norms is part of what is held. Float64 rounding of sums that cancel.
  EXPECT_LT(missing(everything_held()), 1e-12);
  EXPECT_GT(missing({}), 1e-2) << "the plain gradient does not conserve";
}

INSTANTIATE_TEST_SUITE_P(Cases, FamilyReference, ::testing::ValuesIn(family_cases()), family_name);

}  // namespace
}  // namespace lrpp
