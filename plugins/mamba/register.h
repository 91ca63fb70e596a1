#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp {

/// Registers the ops, the composite and the adapters of the Mamba family. Needs register_rules first.
void register_mamba(Registry& registry);

}  // namespace lrpp
