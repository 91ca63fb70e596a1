#pragma once

#include <cstdint>

namespace lrpp {

/// For programs, to be called first in `main`: from then on each large tensor on the CPU has pages of its
/// own, and those of tensors that were freed are handed to the tensors that follow. LibTorch alone takes both
/// from the C library. That either returns large blocks to the system, which clears and maps them anew, page
/// by page, at every op (on inputs of thousands of tokens a third of the time); or it keeps them in one piece
/// of memory, whose gaps fit ever less, so that the process grows to several times what its tensors take.
/// Here the process takes for tensors never more than was in use at most at one time, and `heap_slack`.
void keep_freed_memory();

/// In bytes: with it, short inputs find a freed block of every size that they need.
constexpr int64_t heap_slack = int64_t{64} << 20;

/// Gives the system what is held for tensors to come, and counts the peak from what is in use.
void release_freed_memory();

/// Bytes of large tensors on the CPU; zero in a program that does not call `keep_freed_memory`.
struct HeapUse {
  int64_t in_use = 0;
  int64_t held = 0;  ///< freed, and kept for tensors to come
  int64_t peak = 0;  ///< the largest `in_use` so far
};
HeapUse heap_use();

}  // namespace lrpp
