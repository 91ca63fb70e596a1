#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <optional>
#include <vector>

namespace lrpp {

/// Times of several runs, in milliseconds.
struct Times {
  double median_ms = 0;  ///< of an even number of runs the mean of the two in the middle
  double min_ms = 0, max_ms = 0;
  double spread = 0;  ///< (max - min) / median
  std::vector<double> runs_ms;
};
/// Throws UserError where there is no run.
Times summarize(std::vector<double> runs_ms);

/// Waits until the device has done what it was asked for. On the CPU nothing is left to wait for.
void finish(const at::Device& device);

/// How long `work` takes, with what it leaves to the device, in milliseconds.
double milliseconds(const at::Device& device, const std::function<void()>& work);

/// `repeat` runs (at least 1) after `warmup` that are not counted.
Times time_runs(const at::Device& device, int64_t warmup, int64_t repeat, const std::function<void()>& work);

/// The most memory from here on. On the CPU the resident size of the whole process, as Linux tells it; on a
/// GPU what LibTorch's allocator has handed out.
class PeakMemory {
 public:
  explicit PeakMemory(const at::Device& device);
  /// In use when counting began, in MiB: weights and inputs; on the CPU program and libraries as well.
  double base_mib() const { return base_; }
  /// The most since then, in MiB. Nothing where the system does not let a process count anew.
  std::optional<double> peak_mib() const;

 private:
  at::Device device_;
  double base_ = 0;
  bool counts_ = true;
};

}  // namespace lrpp
