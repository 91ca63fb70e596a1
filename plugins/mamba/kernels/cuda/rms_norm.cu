#include <lrpp/plugins/mamba/kernels/cuda/rms_norm.h>

#include <lrpp/plugins/mamba/kernels/cuda/device.cuh>

namespace lrpp::mamba::cuda {
namespace {

/// Most groups of four that one thread holds of its row.
constexpr int kHeld = 8;

template <class T>
__device__ inline void load(const T* at, float (&to)[4]) {
  const Four<T> four = load_four(at, 4, true);
#pragma unroll
  for (int i = 0; i < 4; ++i) to[i] = four.get(i);
}

/// A row is done by `per_row` threads: a warp, or the whole block.
template <class X, class R, class W>
__global__ void __launch_bounds__(256) forward_kernel(const RmsNorm<X, R, W> p, int per_row) {
  __shared__ float warp_sums[8];
  const int lane = threadIdx.x % per_row;
  const int64_t row = static_cast<int64_t>(blockIdx.x) * (blockDim.x / per_row) + threadIdx.x / per_row;
  if (row >= p.rows) return;  // never in blocks that share a row
  const int groups = static_cast<int>(p.width / 4);
  // All that is read is on its way before anything is written: the compiler cannot know that it may read on.
  Four<R> residual[kHeld];
  Four<X> x[kHeld];
#pragma unroll
  for (int k = 0; k < kHeld; ++k) {
    const int group = lane + k * per_row;
    if (group >= groups) break;
    const int64_t at = row * p.width + group * 4;
    residual[k] = load_four(p.residual + at, 4, true);
    if (p.x != nullptr) x[k] = load_four(p.x + at, 4, true);
  }
  float v[kHeld][4], square = 0.F;
#pragma unroll
  for (int k = 0; k < kHeld; ++k) {
    const int group = lane + k * per_row;
    if (group >= groups) break;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      v[k][i] = residual[k].get(i);
      if (p.x != nullptr) {
        R rounded;
        from_float(v[k][i] + x[k].get(i), rounded);
        v[k][i] = to_float(rounded);  // the norm sees what the stream holds
      }
      square = fmaf(v[k][i], v[k][i], square);
    }
    if (p.x != nullptr) store_four(p.sum + row * p.width + group * 4, v[k], 4, true);
  }
#pragma unroll
  for (int offset = 16; offset > 0; offset /= 2) square += __shfl_xor_sync(0xffffffff, square, offset);
  if (per_row > 32) {
    if (threadIdx.x % 32 == 0) warp_sums[threadIdx.x / 32] = square;
    __syncthreads();
    square = 0.F;
    for (int w = 0; w < per_row / 32; ++w) square += warp_sums[w];
  }
  const float rstd = rsqrtf(square / static_cast<float>(p.width) + p.eps);
  if (lane == 0) p.rstd[row] = rstd;
#pragma unroll
  for (int k = 0; k < kHeld; ++k) {
    const int group = lane + k * per_row;
    if (group >= groups) break;
    float weight[4];
    load(p.weight + group * 4, weight);
#pragma unroll
    for (int i = 0; i < 4; ++i) weight[i] *= v[k][i] * rstd;
    store_four(p.normed + row * p.width + group * 4, weight, 4, true);
  }
}

/// A block does a row.
template <class X, class R, class W>
__global__ void __launch_bounds__(256) relevance_kernel(const RmsNormRelevance<X, R, W> p) {
  const int64_t row = blockIdx.x;
  const float rstd = p.rstd[row];
  for (int64_t column = threadIdx.x * 4; column < p.width; column += blockDim.x * 4) {
    const int64_t at = row * p.width + column;
    float m[4], weight[4], out[4] = {};
    load(p.m_normed + at, m);
    load(p.weight + column, weight);
    if (p.m_sum != nullptr) load(p.m_sum + at, out);
#pragma unroll
    for (int i = 0; i < 4; ++i) out[i] = fmaf(m[i], rstd * weight[i], out[i]);
    store_four(p.m_residual + at, out, 4, true);
    if (p.m_x != nullptr) store_four(p.m_x + at, out, 4, true);
  }
}

}  // namespace

/// How many threads share a row of so many groups of four, of which each can hold kHeld. Many rows keep a
/// device busy with a warp to each; of few, each is done by two.
int threads_of_row(int64_t rows, int64_t groups) {
  constexpr int64_t kFewRows = 4096, kFewGroups = 64;
  if (groups > 32 * kHeld) return groups <= 128 * kHeld ? 128 : 256;
  return rows <= kFewRows && groups > kFewGroups ? 64 : 32;
}

template <class X, class R, class W>
cudaError_t rms_norm_forward(const RmsNorm<X, R, W>& p, cudaStream_t stream) {
  const int per_row = threads_of_row(p.rows, p.width / 4);
  const int threads = per_row == 32 ? 128 : per_row;
  const int64_t rows_per_block = threads / per_row;
  forward_kernel<<<static_cast<unsigned>((p.rows + rows_per_block - 1) / rows_per_block), threads, 0,
                   stream>>>(p, per_row);
  return cudaGetLastError();
}

template <class X, class R, class W>
cudaError_t rms_norm_relevance(const RmsNormRelevance<X, R, W>& p, cudaStream_t stream) {
  // As few threads as do the row in as few turns.
  const int64_t groups = p.width / 4, turns = (groups + 255) / 256, threads = (groups + turns - 1) / turns;
  relevance_kernel<<<static_cast<unsigned>(p.rows), static_cast<unsigned>((threads + 31) / 32 * 32), 0,
                     stream>>>(p);
  return cudaGetLastError();
}

using bfloat16 = __nv_bfloat16;
template cudaError_t rms_norm_forward(const RmsNorm<float, float, float>&, cudaStream_t);
template cudaError_t rms_norm_forward(const RmsNorm<bfloat16, float, bfloat16>&, cudaStream_t);
template cudaError_t rms_norm_forward(const RmsNorm<bfloat16, bfloat16, bfloat16>&, cudaStream_t);
template cudaError_t rms_norm_relevance(const RmsNormRelevance<float, float, float>&, cudaStream_t);
template cudaError_t rms_norm_relevance(const RmsNormRelevance<bfloat16, float, bfloat16>&, cudaStream_t);
template cudaError_t rms_norm_relevance(const RmsNormRelevance<bfloat16, bfloat16, bfloat16>&, cudaStream_t);

}  // namespace lrpp::mamba::cuda
