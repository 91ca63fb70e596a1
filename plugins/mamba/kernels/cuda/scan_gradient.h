#pragma once

#include <cuda_runtime_api.h>
#include <lrpp/plugins/mamba/kernels/cuda/rows.h>

/// The gradient of the selective scan on CUDA devices; see selective_scan_op.h. float32 and bfloat16 in and
/// out, float32 inside.
namespace lrpp::mamba::cuda {

template <class T>
struct ScanGradient {
  int64_t batch, tokens, channels, states;
  Rows<const T> m, x, dt, b, c;
  const float* a;  ///< [E, N], contiguous
  const float* d;  ///< [E]
  Rows<T> dx, ddt;
  float*
      begins;  ///< [B, tiles(), N, E]: the states that tiles begin with, from which the others are made again
  float* parts;  ///< [blocks(), B, T, 2, N]: what each block's channels add to the gradients of B and C

  /// A thread holds the states of a tile, so that of many states there are fewer tokens.
  static constexpr int64_t tile_of(int64_t states) { return states <= 16 ? 16 : 4; }
  int64_t tiles() const { return (tokens + tile_of(states) - 1) / tile_of(states); }
  int64_t blocks() const { return (channels + 31) / 32; }
};

/// Of at most `most_states` states (scan.h).
template <class T>
cudaError_t scan_gradient(const ScanGradient<T>& gradient, cudaStream_t stream);

}  // namespace lrpp::mamba::cuda
