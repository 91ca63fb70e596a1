#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp {

/// Registers the rules of this folder and the composites built from them.
void register_rules(Registry& registry);

}  // namespace lrpp
