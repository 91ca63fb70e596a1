// Parity with the official MambaLRP code (slow path), with every rule and with each left out in turn.
#include <lrpp/tests/plugins/mamba/cases.h>

namespace lrpp {
namespace {

using namespace testing;

class OfficialParity : public ::testing::TestWithParam<std::string> {};

TEST_P(OfficialParity, ToRoundingWithTheStabilizerOfTheOfficialCode) {
  const auto expected = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  const Attribution got = explain_case(model, case_composite(GetParam(), 1e-6), expected);
  // Float64 on both sides; a few thousand operations deep.
  EXPECT_LT(relative_difference(got.logits, expected.at("logits")), 1e-9);
  EXPECT_LT(relative_difference(got.relevance, expected.at("relevance")), 1e-9);
  EXPECT_LT(relative_difference(got.relevance_token, expected.at("relevance_token")), 1e-9);
}

TEST_P(OfficialParity, WithExactRules) {
  const auto expected = case_tensors(GetParam());
  const Model model = load_case(GetParam());
  const Attribution got = explain_case(model, case_composite(GetParam(), 0), expected);
  // The official code stabilises SiLU's denominator with 1e-6; where |x| is about 0.01 that moves R by 1e-4.
  EXPECT_LT(relative_difference(got.relevance, expected.at("relevance")), 1e-4);
}

TEST_P(OfficialParity, InFloat32) {
  const auto expected = case_tensors(GetParam());
  const Model model = load_case(GetParam(), at::kFloat);
  const Attribution got = explain_case(model, case_composite(GetParam(), 1e-6), expected);
  // Roundings of 2^-24 that add up through the model: 3.0e-7 was the largest seen on these cases; ten times
  // that.
  EXPECT_LT(relative_difference(got.logits, expected.at("logits")), 3e-6);
  EXPECT_LT(relative_difference(got.relevance, expected.at("relevance")), 3e-6);
}

INSTANTIATE_TEST_SUITE_P(Cases, OfficialParity, ::testing::ValuesIn(official_cases()), [](const auto& info) {
  std::string name = info.param.substr(info.param.find('/') + 1);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(OfficialParity, CompositesThatLeaveARuleOutAreTheAuthorsAblations) {
  for (const char* rule : {"gate", "silu", "ssm"}) {
    for (const char* name : {"classifier", "lm-tied", "no-conv-bias"}) {
      const std::string fixture = fmt::format("mamba-official/{}-without-{}-rule", name, rule);
      SCOPED_TRACE(fixture);
      const auto expected = case_tensors(fixture);
      const Composite composite = builtin_registry().make_composite(fmt::format("mamba-lrp-without-{}", rule),
                                                                    {{"stabilizer", 1e-6}});
      const Attribution got = explain_case(load_case(fixture), composite, expected);
      EXPECT_LT(relative_difference(got.relevance, expected.at("relevance")), 1e-9);
    }
  }
}

TEST(OfficialParity, LeavingARuleOutIsSeen) {
  // The cases differ from each other by far more than any tolerance above: none of them passes by accident.
  const auto full = case_tensors("mamba-official/classifier");
  for (const char* rule : {"gate", "silu", "ssm"}) {
    const auto without = case_tensors(std::string("mamba-official/classifier-without-") + rule + "-rule");
    EXPECT_GT(relative_difference(without.at("relevance"), full.at("relevance")), 1e-2);
  }
}

}  // namespace
}  // namespace lrpp
