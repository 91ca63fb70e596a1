#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp {

/// Registers the Transformer and CNN adapters. Needs register_framework first.
void register_adapters(Registry& registry);

}  // namespace lrpp
