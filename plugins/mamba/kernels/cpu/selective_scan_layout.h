#pragma once

#include <cstdint>

/// How the work is cut and the workspace laid out: shared by the kernels and by those who size the buffers.
namespace lrpp::mamba::cpu {

/// Tokens whose states `vjp` recomputes and keeps at a time. Their states and decays, 2 * 16 * N * block,
/// stay in the second-level cache, and the checkpoints take 1/16 of all states.
constexpr int64_t kVjpChunk = 16;

struct ScanLayout {
  int64_t block;   ///< channels of a work item, a multiple of 16; the last item may have fewer
  int64_t blocks;  ///< work items of one batch entry
};

/// A and the state of a block, 2 * N * block scalars, fit in half of a 32 KiB first-level cache where N
/// allows. The cut depends on nothing but the shape and the dtype, so that sums over blocks are the same
/// everywhere.
ScanLayout scan_layout(int64_t channels, int64_t states, int64_t scalar_bytes);

}  // namespace lrpp::mamba::cpu
