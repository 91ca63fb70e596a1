#include <lrpp/framework/io/suggest.h>
#include <lrpp/framework/registry.h>

namespace lrpp {
namespace {

const AdapterInfo& find_adapter(const Registry& registry, const std::filesystem::path& directory,
                                const Json& config) {
  const std::string where = fmt::format("config {}", (directory / "config.json").string());
  require(config.is_object(), where, "must hold a JSON object; got {}", describe_value(config));
  const auto type = config.find("model_type");
  if (type == config.end()) {
    for (const auto& [name, adapter] : registry.adapters()) {
      if (adapter.recognizes && adapter.recognizes(config)) return adapter;
    }
  }
  std::vector<std::string> known;
  for (const auto& [name, adapter] : registry.adapters()) known.push_back(name);
  require(type != config.end(), where, "has no 'model_type', and no adapter recognises it; {}",
          list_known("", known));
  require(type->is_string(), where, "'model_type' must be a string; got {}", describe_value(*type));
  const auto found = registry.adapters().find(type->get<std::string>());
  require(found != registry.adapters().end(), where, "unknown model type '{}'; {}", type->get<std::string>(),
          list_known(type->get<std::string>(), known));
  return found->second;
}

}  // namespace

Model load_model(const Registry& registry, const std::filesystem::path& directory,
                 const LoadOptions& options) {
  std::error_code ignored;
  require(std::filesystem::is_directory(directory, ignored), "model",
          "'{}' must be a directory with config.json and model.safetensors", directory.string());
  Json config = read_json(directory / "config.json");
  const AdapterInfo& adapter = find_adapter(registry, directory, config);
  Model model = adapter.load({directory, std::move(config), Checkpoint::open(directory)}, options);
  model.model_type = adapter.model_type;
  model.default_composite = adapter.default_composite;
  model.composite = registry.make_composite(adapter.default_composite);
  model.directory = directory;
  model.dtype = options.dtype;
  model.device = options.device;
  return model;
}

}  // namespace lrpp
