#include <fmt/format.h>
#include <lrpp/cli/progress.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace lrpp::cli {
namespace {

bool set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

ProgressBar::ProgressBar() : start_(Clock::now()), last_(start_), terminal_(isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (shown_) fmt::print(stderr, "\r\033[K");
}

void ProgressBar::show(int64_t done, int64_t total) {
  const auto now = Clock::now();
  if (!terminal_ || now - start_ < std::chrono::seconds(1) || now - last_ < std::chrono::milliseconds(100))
    return;
  last_ = now;
  shown_ = true;
  constexpr int64_t width = 40;
  const int64_t full = width * done / std::max<int64_t>(total, 1);
  fmt::print(stderr, "\r[{}{}] {:3}%", std::string(static_cast<size_t>(full), '#'),
             std::string(static_cast<size_t>(width - full), '.'), 100 * done / std::max<int64_t>(total, 1));
  std::fflush(stderr);
}

int terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
  return 100;
}

bool wants_color() {
  if (set("FORCE_COLOR")) return true;
  return isatty(STDOUT_FILENO) == 1 && !set("NO_COLOR");
}

}  // namespace lrpp::cli
