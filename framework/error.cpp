#include <lrpp/framework/error.h>

namespace lrpp {

void fail_internal(const char* file, int line, std::string_view message) {
  throw InternalError(fmt::format("internal error at {}:{}: {}", file, line, message));
}

}  // namespace lrpp
