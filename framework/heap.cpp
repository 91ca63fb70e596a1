#include <c10/core/CPUAllocator.h>
#include <lrpp/framework/heap.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace lrpp {
namespace {

/// Smaller tensors are left to the C library, whose heap serves them well.
constexpr size_t smallest_block = size_t{1} << 20;

/// Blocks of whole pages, straight from the system.
class Blocks {
 public:
  /// Null where the system has no more. A block that is held serves, if it is at most an eighth too large.
  void* take(size_t bytes) {
    const std::lock_guard lock(mutex_);
    const size_t size = (bytes + page_ - 1) / page_ * page_;
    Block block = take_held(size);
    if (block.data == nullptr) {
      make_room(size);
      block = {map(size), size};
      if (block.data == nullptr) return nullptr;
    }
    sizes_[block.data] = block.size;
    use_.in_use += static_cast<int64_t>(block.size);
    use_.peak = std::max(use_.peak, use_.in_use);
    return block.data;
  }

  /// False where the memory is not of these blocks.
  bool give(void* data) {
    if (reinterpret_cast<uintptr_t>(data) % page_ != 0) return false;
    const std::lock_guard lock(mutex_);
    const auto found = sizes_.find(data);
    if (found == sizes_.end()) return false;
    held_.push_back({data, found->second});
    use_.in_use -= static_cast<int64_t>(found->second);
    use_.held += static_cast<int64_t>(found->second);
    sizes_.erase(found);
    return true;
  }

  void release() {
    const std::lock_guard lock(mutex_);
    while (!held_.empty()) unmap_oldest();
    use_.peak = use_.in_use;
  }

  HeapUse use() const {
    const std::lock_guard lock(mutex_);
    return use_;
  }

 private:
  struct Block {
    void* data = nullptr;
    size_t size = 0;
  };

  Block take_held(size_t size) {
    auto best = held_.end();
    for (auto it = held_.begin(); it != held_.end(); ++it) {
      if (it->size < size || it->size - size > size / 8) continue;
      if (best == held_.end() || it->size <= best->size) best = it;
    }
    if (best == held_.end()) return {};
    const Block block = *best;
    held_.erase(best);
    use_.held -= static_cast<int64_t>(block.size);
    return block;
  }

  /// What is held and what is used stay, together, within what was used at most at one time, and the slack.
  void make_room(size_t size) {
    const int64_t wanted = use_.in_use + static_cast<int64_t>(size);
    const int64_t most = std::max(use_.peak, wanted) + heap_slack;
    while (!held_.empty() && wanted + use_.held > most) unmap_oldest();
  }

  void* map(size_t size) {
    const auto pages = [&] {
      return mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    };
    void* data = pages();
    if (data == MAP_FAILED && !held_.empty()) {
      while (!held_.empty()) unmap_oldest();
      data = pages();
    }
    if (data == MAP_FAILED) return nullptr;
#ifdef MADV_HUGEPAGE
    madvise(data, size, MADV_HUGEPAGE);  // clears and maps 512 pages at a time; a wish, whose failure is none
#endif
    return data;
  }

  void unmap_oldest() {
    munmap(held_.front().data, held_.front().size);
    use_.held -= static_cast<int64_t>(held_.front().size);
    held_.erase(held_.begin());
  }

  mutable std::mutex mutex_;
  const size_t page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::vector<Block> held_;  ///< the oldest first
  std::unordered_map<void*, size_t> sizes_;
  HeapUse use_;
};

/// Never destroyed: tensors of static lifetime are freed after everything else.
Blocks& blocks() {
  static auto* const all = new Blocks;
  return *all;
}

c10::Allocator& small_allocator() { return *c10::GetDefaultCPUAllocator(); }

void free_tensor(void* data) {
  if (data == nullptr) return;
  if (blocks().give(data)) {
    c10::profiledCPUMemoryReporter().Delete(data);
  } else {
    small_allocator().raw_deallocate(data);
  }
}

class TensorAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    void* data = nullptr;
    if (bytes < smallest_block) {
      data = small_allocator().raw_allocate(bytes);
    } else {
      data = blocks().take(bytes);
      TORCH_CHECK(data != nullptr, "can't allocate memory: the system has no ", bytes, " bytes left");
      c10::profiledCPUMemoryReporter().New(data, bytes);
    }
    return {data, data, &free_tensor, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free_tensor; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }
};

}  // namespace

void keep_freed_memory() {
#ifdef __GLIBC__
  // What is left to the C library: a moderate amount is kept, the large blocks of other libraries are not.
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
#endif
  static auto* const allocator = new TensorAllocator;
  c10::SetCPUAllocator(allocator);
}

void release_freed_memory() {
  blocks().release();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

HeapUse heap_use() { return blocks().use(); }

}  // namespace lrpp
