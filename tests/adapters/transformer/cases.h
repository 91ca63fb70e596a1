#pragma once

#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace lrpp::testing {

/// Fixtures whose logits are [B,T,V] at every position, with configs of transformers 5.17 (hf-forward)
/// and 4.52 (lxt, and hf-options, which has what the others leave out).
inline std::vector<std::string> language_models() {
  return {"hf-forward/gpt2",          "hf-forward/gpt-neox",      "hf-forward/llama-gqa",
          "hf-forward/qwen2",         "hf-forward/qwen3",         "hf-forward/gemma2",
          "hf-forward/gemma3",        "lxt/gpt2-attnlrp",         "lxt/llama-attnlrp",
          "lxt/qwen2-attnlrp",        "lxt/qwen3-attnlrp",        "lxt/gemma3-attnlrp",
          "hf-options/llama-llama3",  "hf-options/llama-yarn",    "hf-options/llama-dynamic",
          "hf-options/llama-options", "hf-options/gemma3-linear", "hf-options/neox-sequential"};
}

/// Fixtures whose logits are [B,C], of text and of images.
inline std::vector<std::string> text_classifiers() {
  return {"hf-forward/bert",
          "hf-forward/distilbert",
          "hf-forward/roberta",
          "lxt/bert-attnlrp",
          "hf-options/bert-quick-gelu",
          "hf-options/roberta-padding",
          "hf-options/gpt2-classifier",
          "hf-options/llama-classifier",
          "hf-options/gemma2-classifier"};
}
inline std::vector<std::string> image_classifiers() {
  return {"hf-forward/vit", "hf-forward/deit", "lxt/vit-cp-lrp", "hf-options/vit-rectangle"};
}

inline std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline std::vector<std::string> text_models() { return joined(language_models(), text_classifiers()); }
inline std::vector<std::string> classifiers() { return joined(text_classifiers(), image_classifiers()); }
inline std::vector<std::string> all_models() { return joined(language_models(), classifiers()); }

/// "hf-forward/gpt-neox" -> "hf_forward_gpt_neox", for the names of parametrised tests.
inline std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '/'; }, '_');
  return name;
}

/// The tensors of a fixture's case.safetensors.
inline std::map<std::string, Tensor> case_tensors(const std::string& name) {
  const SafetensorsFile file(fixture(name) / "case.safetensors");
  std::map<std::string, Tensor> tensors;
  for (const auto& [key, info] : file.tensors()) tensors[key] = file.get(key).clone();
  return tensors;
}

inline Model load_case(const std::string& name, at::ScalarType dtype = at::kDouble,
                       bool every_position = false) {
  return load_model(builtin_registry(), fixture(name), {dtype, at::kCPU, every_position});
}

/// The graph's inputs for a case's inputs, whether they are text or images.
inline std::map<std::string, Tensor> case_inputs(const Model& model,
                                                 const std::map<std::string, Tensor>& tensors) {
  const auto tensor = [&](const char* key) { return tensors.contains(key) ? tensors.at(key) : Tensor(); };
  if (model.image) return prepare_image(model, {tensor("pixel_values"), tensor("target")});
  return prepare_text(
      model, {tensor("input_ids"), tensor("attention_mask"), tensor("target"), tensor("token_type_ids")},
      "last");
}

/// Explains a case's inputs at their targets.
inline Attribution explain_case(const Model& model, const std::string& composite,
                                const std::map<std::string, Tensor>& tensors, bool audit = false) {
  ExplainOptions options;
  options.target = "input";
  options.given_target = tensors.at("target");
  const Plan plan = make_plan(model.graph, builtin_registry().make_composite(composite), audit);
  return explain(plan, case_inputs(model, tensors), model.labels, options);
}

inline Tensor run_forward(const Model& model, const std::map<std::string, Tensor>& inputs) {
  return forward(make_plan(model.graph, builtin_registry().make_composite("gradient")), inputs).output;
}

/// A copy of a fixture's model that a test may change.
class EditedModel {
 public:
  explicit EditedModel(const std::string& name) : config(read_json(fixture(name) / "config.json")) {
    const Checkpoint checkpoint = Checkpoint::open(fixture(name));
    for (const std::string& key : checkpoint.names()) tensors[key] = checkpoint.get(key).clone();
  }
  Model load(at::ScalarType dtype = at::kDouble, bool every_position = false) const {
    write_atomically(folder_ / "config.json", config.dump());
    save_safetensors(folder_ / "model.safetensors", {tensors.begin(), tensors.end()});
    return load_model(builtin_registry(), folder_.path(), {dtype, at::kCPU, every_position});
  }
  void rename(const std::string& from, const std::string& to) {
    tensors[to] = tensors.at(from);
    tensors.erase(from);
  }
  Json config;
  std::map<std::string, Tensor> tensors;

 private:
  TemporaryFolder folder_;
};

}  // namespace lrpp::testing
