#include <dlfcn.h>
#include <lrpp/framework/plugin.h>

#include <string_view>

namespace lrpp {

void load_plugin(Registry& registry, const std::filesystem::path& library) {
  const std::string where = fmt::format("plugin {}", library.string());
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(library, error);
  require(!error, where, "cannot be opened: {}", error.message());
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    // A plugin of another version may lack symbols, and cannot be asked then what it was built with.
    fail(where,
         "cannot be loaded: {}. If it is a plugin of another version, build it again with lrpp {} and "
         "LibTorch {}",
         dlerror(), version_string, TORCH_VERSION);
  }
  const auto* info = static_cast<const PluginInfo*>(dlsym(handle, "lrpp_plugin_info"));
  require(info != nullptr, where, "is no lrpp plugin: it lacks LRPP_PLUGIN(name, register_function)");
  require(std::string_view(info->lrpp_version) == version_string, where,
          "was built with lrpp {}; this is lrpp {}. Build it again", info->lrpp_version, version_string);
  require(std::string_view(info->torch_version) == TORCH_VERSION, where,
          "was built with LibTorch {}; this is LibTorch {}. Build it again", info->torch_version,
          TORCH_VERSION);
  info->register_function(registry);
}

}  // namespace lrpp
