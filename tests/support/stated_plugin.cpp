// A plugin that states other versions than it was built with (STATED_LRPP, STATED_TORCH), as one from
// elsewhere would. It must be refused before it is asked to register anything.
#include <lrpp/framework/plugin.h>

#include <cstdlib>

namespace {

void never(lrpp::Registry&) { std::abort(); }

}  // namespace

extern "C" __attribute__((visibility("default"))) const lrpp::PluginInfo lrpp_plugin_info;
extern "C" const lrpp::PluginInfo lrpp_plugin_info = {"stated", STATED_LRPP, STATED_TORCH, &never};
