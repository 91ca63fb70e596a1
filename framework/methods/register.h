#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp {

/// Registers the methods of this folder. Those that need gradients ask the registry for the composite
/// `gradient` when they are made.
void register_methods(Registry& registry);

}  // namespace lrpp
