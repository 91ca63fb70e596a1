// attn-lrp and cp-lrp in their variant "paper", on whole models, against the papers' formulas.
#include <lrpp/tests/adapters/transformer/cases.h>
#include <lrpp/tests/adapters/transformer/paper_transformer.h>

namespace lrpp {
namespace {

using namespace testing;
using Method = PaperTransformer::Method;

class Paper : public ::testing::TestWithParam<std::string> {
 protected:
  /// The largest difference over the batch, relative to each example's largest relevance.
  double difference(const std::string& composite, Method method, double epsilon) const {
    const auto tensors = case_tensors(GetParam());
    const Attribution ours = explain_case(
        load_case(GetParam()),
        builtin_registry().make_composite(composite, {{"variant", "paper"}, {"epsilon", epsilon}}), tensors);
    const PaperTransformer oracle(GetParam());
    double worst = 0;
    for (int64_t b = 0; b < ours.relevance.size(0); ++b) {
      std::map<std::string, Tensor> example;
      for (const auto& [key, tensor] : tensors) example[key] = tensor[b];
      const auto paper = oracle.explain(example, tensors.at("target")[b].item<int64_t>(), method, epsilon);
      EXPECT_NEAR(ours.score[b].item<double>(), paper.logit.item<double>(), 1e-12);
      EXPECT_GT(paper.relevance.abs().max().item<double>(), 1e-3);
      worst = std::max(worst, relative_difference(ours.relevance[b], paper.relevance));
    }
    return worst;
  }
};

/// Float64 through two layers and a head, the sums in another order: 1e-13 is what it comes to.
constexpr double tolerance = 1e-12;

TEST_P(Paper, CpLrp) {
  for (const double epsilon : {0.0, 1e-6, 0.1}) {
    SCOPED_TRACE(epsilon);
    EXPECT_LT(difference("cp-lrp", Method::cp_lrp, epsilon), tolerance);
  }
}

TEST_P(Paper, AttnLrp) {
  for (const double epsilon : {0.0, 1e-6, 0.1}) {
    SCOPED_TRACE(epsilon);
    EXPECT_LT(difference("attn-lrp", Method::attn_lrp, epsilon), tolerance);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Paper,
                         ::testing::Values("hf-forward/bert", "hf-forward/gpt2", "hf-forward/vit"),
                         test_name);

}  // namespace
}  // namespace lrpp
