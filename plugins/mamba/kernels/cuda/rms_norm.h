#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime_api.h>

#include <cstdint>
#include <type_traits>

/// RMSNorm of a residual stream on CUDA devices; see rms_norm_op.h. float32 inside.
namespace lrpp::mamba::cuda {

/// X: of the addend x; R: of the residual and of the sum, at least as wide; W: of the weight and the normed
/// values.
template <class X, class R, class W>
struct RmsNorm {
  int64_t rows, width;
  const X* x;  ///< null where the residual alone is normed
  const R* residual;
  const W* weight;
  R* sum;  ///< written where there is an x
  W* normed;
  float* rstd;  ///< [rows]
  float eps;
};

template <class X, class R, class W>
struct RmsNormRelevance {
  int64_t rows, width;
  const R* m_sum;  ///< or null: none
  const W* m_normed;
  const W* weight;
  const float* rstd;
  R* m_residual;
  X* m_x;  ///< or null where X is R: the same values
};

/// The widths that the kernels take: whole groups of four, at most 8192.
constexpr bool has_rms_norm(int64_t width) { return width > 0 && width % 4 == 0 && width <= 8192; }

template <class X, class R, class W>
cudaError_t rms_norm_forward(const RmsNorm<X, R, W>& norm, cudaStream_t stream);
template <class X, class R, class W>
cudaError_t rms_norm_relevance(const RmsNormRelevance<X, R, W>& norm, cudaStream_t stream);

}  // namespace lrpp::mamba::cuda
