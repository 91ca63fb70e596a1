#pragma once

#include <chrono>
#include <cstdint>

namespace lrpp::cli {

/// A bar on standard error, shown only on a terminal and once a second has passed; it clears itself.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  void show(int64_t done, int64_t total);

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_, last_;
  bool terminal_, shown_ = false;
};

/// Columns of the terminal on standard output; 100 where it is none.
int terminal_width();

/// Whether standard output wants colour: a terminal, and NO_COLOR unset or empty; FORCE_COLOR overrides both.
bool wants_color();

}  // namespace lrpp::cli
