#pragma once

#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>

namespace lrpp::testing {

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

/// Explains a case's inputs at their targets, or at the largest logit where it has none.
inline Attribution explain_case(const Model& model, const Composite& composite,
                                const std::map<std::string, Tensor>& tensors, bool audit = false) {
  const auto target = tensors.find("target");
  ExplainOptions options;
  if (target != tensors.end()) {
    options.targets = {"input"};
    options.given_target = target->second;
  }
  return explain(make_plan(model.graph, composite, audit), case_inputs(model, tensors), model.labels,
                 options);
}

inline Attribution explain_case(const Model& model, const std::string& composite,
                                const std::map<std::string, Tensor>& tensors, bool audit = false) {
  return explain_case(model, builtin_registry().make_composite(composite), tensors, audit);
}

inline Tensor run_forward(const Model& model, const std::map<std::string, Tensor>& inputs) {
  return forward(make_plan(model.graph, builtin_registry().make_composite("gradient")), inputs).output;
}

/// A copy of a fixture's model that a test may change.
class EditedModel {
 public:
  EditedModel() = default;
  explicit EditedModel(const std::string& name) : config(read_json(fixture(name) / "config.json")) {
    const Checkpoint checkpoint = Checkpoint::open(fixture(name));
    for (const std::string& key : checkpoint.names()) tensors[key] = checkpoint.get(key).clone();
  }
  Model load(at::ScalarType dtype = at::kDouble, bool every_position = false) const {
    write_atomically(*folder_ / "config.json", config.dump());
    save_safetensors(*folder_ / "model.safetensors", {tensors.begin(), tensors.end()});
    return load_model(builtin_registry(), folder_->path(), {dtype, at::kCPU, every_position});
  }
  void rename(const std::string& from, const std::string& to) {
    tensors[to] = tensors.at(from);
    tensors.erase(from);
  }
  Json config;
  std::map<std::string, Tensor> tensors;

 private:
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
};

}  // namespace lrpp::testing
