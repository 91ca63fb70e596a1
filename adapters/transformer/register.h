#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp {

void register_transformer(Registry& registry);

}  // namespace lrpp
