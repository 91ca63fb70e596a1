#include <lrpp/framework/cuda/bfloat16_parts.h>

namespace lrpp::cuda {
namespace {

constexpr int kTogether = 8;  // columns of a thread: 16 bytes of each part
constexpr int kThreads = 256;

/// The part at place p of a side: 0 is a, 1 is b, 2 is c.
__host__ __device__ constexpr int part_at(Side side, int p) {
  constexpr int left[kParts] = {2, 1, 0, 1, 0, 0}, right[kParts] = {0, 1, 2, 0, 1, 0};
  return side == Side::left ? left[p] : right[p];
}

__device__ inline unsigned bits(__nv_bfloat16 v) { return __bfloat16_as_ushort(v); }

/// a, b and c of x, as bits. The differences are exact.
__device__ inline void split(float x, unsigned (&parts)[3]) {
  __nv_bfloat16 a = __float2bfloat16_rn(x);
  // The largest numbers would round up to infinity; cut off, they leave a b that is a little larger.
  if (isinf(__bfloat162float(a)) && !isinf(x)) a = __float2bfloat16_rz(x);
  const float rest = x - __bfloat162float(a);
  const __nv_bfloat16 b = __float2bfloat16_rn(rest);
  parts[0] = bits(a);
  parts[1] = bits(b);
  parts[2] = bits(__float2bfloat16_rn(rest - __bfloat162float(b)));
}

__device__ inline void load(const Bfloat16Parts& p, int64_t row, int64_t column, float (&v)[kTogether]) {
  const float* from = p.from + row * p.row_stride + column;
  if (p.aligned && row < p.rows && column + kTogether <= p.width) {
    const float4 low = *reinterpret_cast<const float4*>(from);
    const float4 high = *reinterpret_cast<const float4*>(from + 4);
    v[0] = low.x, v[1] = low.y, v[2] = low.z, v[3] = low.w;
    v[4] = high.x, v[5] = high.y, v[6] = high.z, v[7] = high.w;
    return;
  }
#pragma unroll
  for (int i = 0; i < kTogether; ++i) v[i] = row < p.rows && column + i < p.width ? from[i] : 0.F;
}

template <Side side>
__global__ void __launch_bounds__(kThreads)
    parts_kernel(const Bfloat16Parts p, unsigned groups, unsigned count) {
  const unsigned index = blockIdx.x * kThreads + threadIdx.x;
  if (index >= count) return;
  const int64_t row = index / groups, column = static_cast<int64_t>(index % groups) * kTogether;
  float v[kTogether];
  load(p, row, column, v);
  unsigned words[3][kTogether / 2];
#pragma unroll
  for (int i = 0; i < kTogether; i += 2) {
    unsigned first[3], second[3];
    split(v[i], first);
    split(v[i + 1], second);
#pragma unroll
    for (int k = 0; k < 3; ++k) words[k][i / 2] = first[k] | second[k] << 16;
  }
  const unsigned block =
      static_cast<unsigned>(p.inner_is_rows ? row : column) / static_cast<unsigned>(p.block);
  __nv_bfloat16* to = p.to + row * p.to_row_stride + column + block * p.block_jump;
#pragma unroll
  for (int place = 0; place < kParts; ++place) {
    const unsigned(&w)[kTogether / 2] = words[part_at(side, place)];
    *reinterpret_cast<uint4*>(to + place * p.part_stride) = make_uint4(w[0], w[1], w[2], w[3]);
  }
}

}  // namespace

cudaError_t write_bfloat16_parts(const Bfloat16Parts& parts, Side side, cudaStream_t stream) {
  const int64_t groups = parts.to_width / kTogether, count = parts.to_rows * groups;
  if (count == 0) return cudaSuccess;
  if (count > INT32_MAX) return cudaErrorInvalidValue;
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  const auto kernel = side == Side::left ? parts_kernel<Side::left> : parts_kernel<Side::right>;
  kernel<<<blocks, kThreads, 0, stream>>>(parts, static_cast<unsigned>(groups), static_cast<unsigned>(count));
  return cudaGetLastError();
}

}  // namespace lrpp::cuda
