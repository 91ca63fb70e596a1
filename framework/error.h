#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace lrpp {

/// The caller's input is wrong: `lrpp` prints the message and exits with 2.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The library contradicts itself: `lrpp` prints the message, with file and line, and exits with 3.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// The one gate that user errors pass: "[where] what is required; what came. What to do".
template <class... Args>
[[noreturn]] void fail(std::string_view where, fmt::format_string<Args...> message, Args&&... args) {
  throw UserError(fmt::format("[{}] {}", where, fmt::format(message, std::forward<Args>(args)...)));
}

/// `fail` unless `condition` holds. The arguments are evaluated either way; the message is built only on
/// failure.
template <class... Args>
void require(bool condition, std::string_view where, fmt::format_string<Args...> message, Args&&... args) {
  if (!condition) fail(where, message, std::forward<Args>(args)...);
}

/// Throws InternalError; called by LRPP_ASSERT.
[[noreturn]] void fail_internal(const char* file, int line, std::string_view message);

}  // namespace lrpp

/// A promise between parts of the library. Breaking it is a bug here, never the user's fault.
#define LRPP_ASSERT(condition, ...)                                                             \
  do {                                                                                          \
    if (!(condition)) ::lrpp::fail_internal(__FILE__, __LINE__, ::fmt::format("" __VA_ARGS__)); \
  } while (false)
