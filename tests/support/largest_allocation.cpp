#include <c10/core/CPUAllocator.h>
#include <lrpp/tests/support/largest_allocation.h>

#include <algorithm>
#include <atomic>

namespace lrpp::testing {

class LargestAllocation::Watch final : public c10::Allocator {
 public:
  explicit Watch(c10::Allocator* real) : real_(real) {}
  c10::DataPtr allocate(size_t bytes) override {
    size_t before = largest_;
    while (before < bytes && !largest_.compare_exchange_weak(before, bytes)) {
    }
    return real_->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return real_->raw_deleter(); }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    real_->copy_data(to, from, bytes);
  }
  c10::Allocator* real() const { return real_; }
  size_t largest() const { return largest_; }

 private:
  c10::Allocator* real_;
  std::atomic<size_t> largest_ = 0;
};

LargestAllocation::LargestAllocation() : watch_(std::make_unique<Watch>(c10::GetCPUAllocator())) {
  c10::SetCPUAllocator(watch_.get());
}

LargestAllocation::~LargestAllocation() { c10::SetCPUAllocator(watch_->real()); }

int64_t LargestAllocation::bytes() const { return static_cast<int64_t>(watch_->largest()); }

}  // namespace lrpp::testing
