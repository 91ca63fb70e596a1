#include <lrpp/framework/evaluation/reloaded.h>

namespace lrpp::evaluation {

std::string reload_rejects(const Model& model) {
  return model.directory.empty()
             ? "it loads the model again with other weights, and this one has no directory"
             : "";
}

std::shared_ptr<const Model> load_changed(
    const Explained& explained,
    const std::function<Tensor(const std::string& name, const Tensor& weight)>& change) {
  const Model& model = explained.model.model();
  LoadOptions options{model.dtype, model.device, false};
  options.change = change;
  return std::make_shared<const Model>(load_model(explained.registry, model.directory, options));
}

}  // namespace lrpp::evaluation
