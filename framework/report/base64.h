#pragma once

#include <string>
#include <string_view>

namespace lrpp {

/// RFC 4648: how a page carries a picture within itself.
std::string base64(std::string_view bytes);

}  // namespace lrpp
