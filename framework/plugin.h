#pragma once

#include <lrpp/framework/registry.h>
#include <lrpp/framework/version.h>
#include <torch/version.h>

#include <filesystem>

namespace lrpp {

/// What a plugin library states about itself. C layout, so that a library of another version can be read far
/// enough to be refused.
struct PluginInfo {
  const char* name;
  const char* lrpp_version;   ///< the version it was built with
  const char* torch_version;  ///< likewise
  void (*register_function)(Registry&);
};

/// Loads a shared library, checks the versions it was built with, and lets it register what it brings. The
/// library stays loaded. Throws UserError for a file that is no plugin or was built with other versions.
void load_plugin(Registry& registry, const std::filesystem::path& library);

}  // namespace lrpp

/// Put once in a plugin library: LRPP_PLUGIN(my_plugin, my_register_function).
#define LRPP_PLUGIN(plugin_name, function)                                                      \
  extern "C" __attribute__((visibility("default"))) const ::lrpp::PluginInfo lrpp_plugin_info;  \
  extern "C" const ::lrpp::PluginInfo lrpp_plugin_info = {#plugin_name, ::lrpp::version_string, \
                                                          TORCH_VERSION, &function};
