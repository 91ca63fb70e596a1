#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp {

/// Everything that ships with the library: the one place where built-ins are listed.
Registry builtin_registry();

}  // namespace lrpp
