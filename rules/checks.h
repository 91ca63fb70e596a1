#pragma once

#include <lrpp/framework/error.h>

#include <cmath>
#include <string_view>

namespace lrpp::rules {

/// Throws UserError, headed by `where` ("rule epsilon"), unless `value` is a finite number of at least 0.
inline void require_at_least_0(std::string_view where, std::string_view what, double value) {
  require(value >= 0 && std::isfinite(value), where, "{} must be at least 0 and finite; got {}", what, value);
}

/// The same for a number above 0.
inline void require_above_0(std::string_view where, std::string_view what, double value) {
  require(value > 0 && std::isfinite(value), where, "{} must be above 0 and finite; got {}", what, value);
}

}  // namespace lrpp::rules
