#pragma once

#include <cuda_runtime_api.h>
#include <lrpp/plugins/mamba/kernels/cuda/scan.h>

/// The gradient of the selective scan on CUDA devices; see selective_scan_op.h. float32 and bfloat16 in and
/// out, float32 inside.
namespace lrpp::mamba::cuda {

/// Tokens of a tile: a thread holds its states of all of them, so that of many states there are fewer.
constexpr int gradient_tile(int64_t states) { return states <= 16 ? 16 : 4; }

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

  int64_t tiles() const { return (tokens + gradient_tile(states) - 1) / gradient_tile(states); }
  int64_t blocks() const { return (channels + kChannels - 1) / kChannels; }
};

/// Of at most `most_states` states.
template <class T>
cudaError_t scan_gradient(const ScanGradient<T>& gradient, cudaStream_t stream);

}  // namespace lrpp::mamba::cuda
