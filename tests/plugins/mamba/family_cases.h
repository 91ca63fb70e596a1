#pragma once

#include <lrpp/tests/plugins/mamba/reference_mamba.h>
#include <lrpp/tests/support/models.h>

#include <ostream>
#include <set>
#include <string>
#include <vector>

namespace lrpp::testing {

/// A model of the family, and what of it MambaLRP holds and the result depends on.
struct FamilyCase {
  std::string fixture;
  std::set<Held> held;
};

inline void PrintTo(const FamilyCase& family_case, std::ostream* out) { *out << family_case.fixture; }

inline std::string family_name(const ::testing::TestParamInfo<FamilyCase>& info) {
  return test_name({info.param.fixture, info.index});
}

/// The oracle's gradient at the embeddings, of a case's targets at the last position: [B,T,D].
inline Tensor reference_gradient(const ReferenceMamba& reference,
                                 const std::map<std::string, Tensor>& tensors, const std::set<Held>& held,
                                 double stabilizer = 0) {
  const Tensor& ids = tensors.at("input_ids");
  const Tensor last = at::full({ids.size(0)}, ids.size(1) - 1, at::kLong);
  return reference.gradient(ids, last, tensors.at("target"), held, stabilizer);
}

/// The same, times the embeddings.
inline Tensor reference_relevance(const ReferenceMamba& reference,
                                  const std::map<std::string, Tensor>& tensors, const std::set<Held>& held,
                                  double stabilizer = 0) {
  return reference.embed(tensors.at("input_ids")) * reference_gradient(reference, tensors, held, stabilizer);
}

inline std::set<Held> operator+(std::set<Held> a, const std::set<Held>& b) {
  a.insert(b.begin(), b.end());
  return a;
}

/// What transformers computes of every family of language models but Mamba, and of options of each.
inline std::vector<FamilyCase> family_cases() {
  using enum Held;
  const std::set<Held> mamba1 = ssm_held() + std::set{ssm_gate, conv_activation, gate_activation, norm};
  const std::set<Held> mamba2 = mamba1 + std::set{gated_norm};
  const std::set<Held> mlp{mlp_gate, mlp_activation};
  return {
      {"hf-forward/falcon-mamba", mamba1},
      {"hf-forward/mamba2", mamba2},
      {"hf-forward/mamba2-tied-bias", mamba2},
      {"hf-forward/jamba", mamba1 + mlp + std::set{attention, router}},
      {"hf-forward/bamba", mamba2 + mlp + std::set{attention}},
      {"hf-forward/zamba2", mamba2 + mlp + std::set{attention}},
      {"hf-forward/nemotron-h", mamba2 + std::set{mlp_activation, attention}},
      {"hf-options/jamba-one-expert", mamba1 + mlp + std::set{attention, router}},
      {"hf-options/jamba-plain-classifier", mamba1 + mlp + std::set{attention}},
      {"hf-options/bamba-options", mamba2 + mlp + std::set{attention}},
      {"hf-options/zamba2-attention-adapter", mamba2 + mlp + std::set{attention}},
      {"hf-options/zamba2-classifier", mamba2 + mlp + std::set{attention}},
      {"hf-options/nemotron-h-moe", mamba2 + std::set{mlp_activation, attention, router}},
      {"hf-options/nemotron-h-moe-plain", mamba2 + std::set{mlp_activation, attention, router}},
  };
}

}  // namespace lrpp::testing
