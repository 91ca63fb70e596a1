#include <c10/core/CachingDeviceAllocator.h>
#include <lrpp/framework/bench/timing.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/heap.h>
#include <torch/cuda.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>

namespace lrpp {
namespace {

constexpr double mib = 1 << 20;

/// A line of /proc/self/status in MiB: VmRSS (now) or VmHWM (the most since it was cleared).
double status_mib(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) / 1024;
  }
  return 0;
}

c10::DeviceIndex index_of(const at::Device& device) {
  return device.has_index() ? device.index() : c10::DeviceIndex(0);
}

}  // namespace

Times summarize(std::vector<double> runs_ms) {
  require(!runs_ms.empty(), "timing", "needs at least one run");
  std::vector<double> sorted = runs_ms;
  std::sort(sorted.begin(), sorted.end());
  const size_t half = sorted.size() / 2;
  const double median = sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  const double range = sorted.back() - sorted.front();
  return {median, sorted.front(), sorted.back(), median > 0 ? range / median : 0, std::move(runs_ms)};
}

void finish(const at::Device& device) {
  if (device.is_cuda()) torch::cuda::synchronize(index_of(device));
}

double milliseconds(const at::Device& device, const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  finish(device);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

Times time_runs(const at::Device& device, int64_t warmup, int64_t repeat, const std::function<void()>& work) {
  for (int64_t i = 0; i < warmup; ++i) work();
  finish(device);
  std::vector<double> runs;
  for (int64_t i = 0; i < repeat; ++i) runs.push_back(milliseconds(device, work));
  return summarize(std::move(runs));
}

PeakMemory::PeakMemory(const at::Device& device) : device_(device) {
  if (device_.is_cuda()) {
    auto* allocator = c10::getDeviceAllocator(device_.type());
    allocator->resetPeakStats(index_of(device_));
    base_ =
        static_cast<double>(allocator->getDeviceStats(index_of(device_)).allocated_bytes[0].current) / mib;
    return;
  }
  release_freed_memory();  // what is held would hide what is taken from now on
  std::ofstream clear("/proc/self/clear_refs");
  clear << "5" << std::flush;
  counts_ = clear.good();
  base_ = status_mib("VmRSS");
}

std::optional<double> PeakMemory::peak_mib() const {
  if (!counts_) return std::nullopt;
  if (!device_.is_cuda()) return status_mib("VmHWM");
  const auto stats = c10::getDeviceAllocator(device_.type())->getDeviceStats(index_of(device_));
  return static_cast<double>(stats.allocated_bytes[0].peak) / mib;
}

}  // namespace lrpp
