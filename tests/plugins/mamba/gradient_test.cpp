// The composite `gradient` against torch::autograd, and MambaLRP against autograd with the held tensors
// detached, on whole models.
#include <lrpp/tests/plugins/mamba/cases.h>
#include <lrpp/tests/plugins/mamba/reference_mamba.h>

namespace lrpp {
namespace {

using namespace testing;

const std::vector<std::string> models{"mamba-official/classifier", "mamba-official/lm-tied",
                                      "mamba-official/no-conv-bias", "hf-forward/mamba-tied",
                                      "hf-forward/mamba-untied-biases"};

class WholeModel : public ::testing::TestWithParam<std::string> {
 protected:
  Tensor oracle(const std::map<std::string, Tensor>& tensors, const std::set<Held>& held,
                double stabilizer = 0) const {
    const ReferenceMamba reference(fixture(GetParam()));
    const Tensor& ids = tensors.at("input_ids");
    const Tensor last = at::full({ids.size(0)}, ids.size(1) - 1, at::kLong);
    return reference.gradient(ids, last, tensors.at("target"), held, stabilizer);
  }
  Tensor ours(const std::map<std::string, Tensor>& tensors, const std::string& composite,
              const Json& arguments = Json::object()) {
    return explain_case(load_case(GetParam()), builtin_registry().make_composite(composite, arguments),
                        tensors)
        .relevance;
  }
};

/// Float64 rounding through a whole model, relative to the largest entry.
constexpr double tolerance = 1e-12;

TEST_P(WholeModel, GradientEqualsAutograd) {
  const auto tensors = case_tensors(GetParam());
  EXPECT_LT(relative_difference(ours(tensors, "gradient"), oracle(tensors, {})), tolerance);
}

TEST_P(WholeModel, MambaLrpEqualsAutogradWithHeldTensorsDetached) {
  const auto tensors = case_tensors(GetParam());
  const std::set<Held> all = everything_held();
  const Tensor x = ReferenceMamba(fixture(GetParam())).embed(tensors.at("input_ids"));
  EXPECT_LT(relative_difference(ours(tensors, "mamba-lrp"), x * oracle(tensors, all)), tolerance);
  EXPECT_LT(
      relative_difference(ours(tensors, "mamba-lrp", {{"stabilizer", 1e-3}}), x * oracle(tensors, all, 1e-3)),
      tolerance);
}

TEST_P(WholeModel, Lrp0OnMambaIsMambaLrp) {
  const auto tensors = case_tensors(GetParam());
  EXPECT_LT(relative_difference(ours(tensors, "lrp-0"), ours(tensors, "mamba-lrp")), tolerance);
}

TEST_P(WholeModel, LnRuleHoldsTheNormsOnly) {
  const auto tensors = case_tensors(GetParam());
  const Tensor x = ReferenceMamba(fixture(GetParam())).embed(tensors.at("input_ids"));
  EXPECT_LT(relative_difference(ours(tensors, "ln-rule"), x * oracle(tensors, {Held::norm})), tolerance);
  EXPECT_LT(relative_difference(ours(tensors, "gradient-x-input"), x * oracle(tensors, {})), tolerance);
}

INSTANTIATE_TEST_SUITE_P(Cases, WholeModel, ::testing::ValuesIn(models), [](const auto& info) {
  std::string name = info.param.substr(info.param.find('/') + 1);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace lrpp
