#pragma once

#include <lrpp/cli/builtins.h>
#include <lrpp/framework/explain.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/tests/support/testing.h>

#include <algorithm>
#include <map>
#include <string>

namespace lrpp::testing {

/// "hf-forward/convnext" -> "hf_forward_convnext", for the names of parametrised tests.
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

inline Model load_case(const std::string& name, at::ScalarType dtype = at::kDouble) {
  return load_model(builtin_registry(), fixture(name), {dtype, at::kCPU, false});
}

/// Explains a case's images at their targets, or where it has none at the largest logit.
inline Attribution explain_case(const Model& model, const Composite& composite,
                                const std::map<std::string, Tensor>& tensors, bool audit = false) {
  const auto target = tensors.find("target");
  ExplainOptions options;
  if (target != tensors.end()) {
    options.target = "input";
    options.given_target = target->second;
  }
  return explain(make_plan(model.graph, composite, audit),
                 prepare_image(model, {tensors.at("pixel_values"), {}}), model.labels, options);
}

inline Tensor run_forward(const Model& model, const Tensor& pixels) {
  return forward(make_plan(model.graph, builtin_registry().make_composite("gradient")),
                 prepare_image(model, {pixels, {}}))
      .output;
}

/// A copy of a fixture's model that a test may change.
class EditedModel {
 public:
  EditedModel() = default;
  explicit EditedModel(const std::string& name) : config(read_json(fixture(name) / "config.json")) {
    const Checkpoint checkpoint = Checkpoint::open(fixture(name));
    for (const std::string& key : checkpoint.names()) tensors[key] = checkpoint.get(key).clone();
  }
  Model load(at::ScalarType dtype = at::kDouble) const {
    write_atomically(*folder_ / "config.json", config.dump());
    save_safetensors(*folder_ / "model.safetensors", {tensors.begin(), tensors.end()});
    return load_model(builtin_registry(), folder_->path(), {dtype, at::kCPU, false});
  }
  Json config;
  std::map<std::string, Tensor> tensors;

 private:
  std::shared_ptr<TemporaryFolder> folder_ = std::make_shared<TemporaryFolder>();
};

}  // namespace lrpp::testing
