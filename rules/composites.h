#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp::rules {

/// The composites that know kinds of ops and no model family.
void register_composites(Registry& registry);

}  // namespace lrpp::rules
