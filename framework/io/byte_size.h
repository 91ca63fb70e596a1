#pragma once

#include <cstdint>
#include <string_view>

namespace lrpp {

/// "8GiB" or "500MiB" in bytes; 0 for no word. Throws UserError, headed by `where`, for anything else.
int64_t bytes_from_word(std::string_view where, std::string_view word);

}  // namespace lrpp
