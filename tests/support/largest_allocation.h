#pragma once

#include <lrpp/framework/tensor.h>

#include <memory>

namespace lrpp::testing {

/// While it lives: watches what the CPU's allocator is asked for. One at a time, on one thread.
class LargestAllocation {
 public:
  LargestAllocation();
  ~LargestAllocation();
  LargestAllocation(const LargestAllocation&) = delete;
  LargestAllocation& operator=(const LargestAllocation&) = delete;
  /// Of the largest tensor so far.
  int64_t bytes() const;

 private:
  class Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace lrpp::testing
