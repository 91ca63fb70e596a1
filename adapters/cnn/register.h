#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp {

void register_cnn(Registry& registry);

}  // namespace lrpp
