#pragma once

#include <lrpp/framework/methods/method.h>
#include <lrpp/tests/support/models.h>

#include <set>
#include <string>
#include <vector>

namespace lrpp::testing {

/// A fixture's model and inputs, in float64.
struct MethodCase {
  explicit MethodCase(const std::string& name)
      : tensors(case_tensors(name)), model(load_case(name)), inputs(case_inputs(model, tensors)) {}

  int64_t examples() const { return inputs.begin()->second.size(0); }
  /// Of a language model: its inputs at other positions.
  std::map<std::string, Tensor> inputs_at(const std::string& position) const {
    const auto mask = tensors.find("attention_mask");
    return prepare_text(model, {tensors.at("input_ids"), mask == tensors.end() ? Tensor() : mask->second, {}},
                        position);
  }

  std::map<std::string, Tensor> tensors;
  Model model;
  std::map<std::string, Tensor> inputs;
};

inline std::vector<std::string> all_families() {
  std::vector<std::string> names;
  for (const char* name :
       {"bamba", "bert", "convnext", "deit", "distilbert", "falcon-mamba", "gemma3", "gpt2", "gpt-neox",
        "jamba", "llama-gqa", "mamba-tied", "mamba2", "nemotron-h", "resnet", "roberta", "vit", "zamba2"}) {
    names.push_back(std::string("hf-forward/") + name);
  }
  for (const char* name :
       {"caduceus/ph-classifier", "caduceus/ps-classifier", "caduceus/ps-lm", "vim-options/head-cls-sum",
        "vim-options/no-cls-mean", "vim-options/double-cls-strided"}) {
    names.emplace_back(name);
  }
  return names;
}

/// Parameters under which a test need not wait.
inline Json quick(const std::string& method) {
  if (method == "smooth-grad") return {{"samples", 2}};
  if (method == "integrated-gradients") return {{"steps", 3}};
  return Json::object();
}

/// What is known of which methods serve which models, by the ops that are there.
inline bool serves(const std::string& method, const Model& model) {
  std::set<std::string> types;
  for (const Node& node : model.graph.nodes()) types.emplace(node.op->type());
  const bool recurrent = types.contains("selective_scan") || types.contains("ssd");
  if (method == "attention-rollout") return types.contains("softmax") && !recurrent;
  if (method.starts_with("mamba-attr") || method.starts_with("mamba-attention")) return recurrent;
  return true;
}

}  // namespace lrpp::testing
