#pragma once

namespace lrpp {

/// The build system reads the project's version from this line.
inline constexpr const char* version_string = "0.1.0";

}  // namespace lrpp
