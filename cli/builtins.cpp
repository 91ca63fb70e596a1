#include <lrpp/adapters/register.h>
#include <lrpp/cli/builtins.h>
#include <lrpp/framework/methods/register.h>
#include <lrpp/plugins/mamba/register.h>
#include <lrpp/rules/register.h>

namespace lrpp {

Registry builtin_registry() {
  Registry registry;
  register_framework(registry);
  register_rules(registry);
  register_methods(registry);
  register_mamba(registry);
  register_adapters(registry);
  return registry;
}

}  // namespace lrpp
