#pragma once

#include <cuda_runtime_api.h>
#include <lrpp/plugins/mamba/kernels/cuda/rows.h>

/// The causal depthwise convolution on CUDA devices. float32 and bfloat16 in and out, float32 inside.
namespace lrpp::mamba::cuda {

/// Shapes as in conv1d_op.h.
template <class T>
struct Convolution {
  int64_t batch, tokens, channels, kernel;
  Rows<const T> x;    ///< what is convolved going forward; going back, for SiLU's factor
  Rows<const T> m;    ///< going back
  const float* taps;  ///< [K, E], contiguous
  const float* bias;  ///< [E] or null
  bool silu;
  Rows<T> out;
};

/// Kernel sizes that there are kernels for.
constexpr bool has_convolution(int64_t kernel) { return kernel >= 2 && kernel <= 4; }

template <class T>
cudaError_t conv1d_forward(const Convolution<T>& convolution, int multiprocessors, cudaStream_t stream);
/// The transpose; with `silu`, of m times SiLU's factor at what the convolution of x was.
template <class T>
cudaError_t conv1d_relevance(const Convolution<T>& convolution, int multiprocessors, cudaStream_t stream);

}  // namespace lrpp::mamba::cuda
