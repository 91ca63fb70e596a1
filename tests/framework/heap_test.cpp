#include <lrpp/framework/heap.h>
#include <lrpp/tests/support/testing.h>
#include <unistd.h>

#include <fstream>

namespace lrpp {
namespace {

constexpr int64_t mib = 1 << 20;

Tensor block(int64_t bytes) { return at::ones({bytes}, at::kByte); }

/// In bytes: what the process takes, freed memory that was not given back among it.
int64_t resident() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0, pages = 0;
  statm >> size >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

class Heap : public ::testing::Test {
 protected:
  void SetUp() override {
    keep_freed_memory();
    release_freed_memory();
  }
};

TEST_F(Heap, AFreedTensorsMemoryServesTheNext) {
  Tensor first = block(8 * mib);
  const void* data = first.const_data_ptr();
  first.reset();
  EXPECT_EQ(heap_use().held, 8 * mib);
  EXPECT_EQ(block(8 * mib).const_data_ptr(), data);
  release_freed_memory();
  EXPECT_EQ(heap_use().held, 0);
}

TEST_F(Heap, NumbersAreWhatTensorsTake) {
  const HeapUse before = heap_use();
  {
    const Tensor a = block(8 * mib), b = block(3 * mib);
    EXPECT_EQ(heap_use().in_use - before.in_use, 11 * mib);
  }
  EXPECT_EQ(heap_use().in_use, before.in_use);
  EXPECT_EQ(heap_use().peak - before.in_use, 11 * mib);
}

/// One large tensor at a time, each a little larger than the one before, and a small one that stays after
/// each. In one piece of memory none fits where its forerunner was: the process takes the sum of them all.
TEST_F(Heap, TheProcessTakesWhatWasInUseAtOneTime) {
  constexpr int64_t steps = 24, small = mib, large = 8 * mib, growth = 2 * mib;
  constexpr int64_t at_one_time = large + (steps - 1) * growth + steps * small;
  const int64_t before = resident(), in_use = heap_use().in_use;
  Tensors stay;
  for (int64_t i = 0; i < steps; ++i) {
    Tensor most = block(large + i * growth);
    stay.push_back(block(small));
    most.reset();
    EXPECT_LE(heap_use().in_use + heap_use().held, heap_use().peak + heap_slack);
  }
  // 16 MiB for what else the process takes meanwhile.
  EXPECT_LE(resident() - before, at_one_time + heap_slack + 16 * mib);
  EXPECT_EQ(heap_use().peak - in_use, at_one_time);
}

}  // namespace
}  // namespace lrpp
