#include <lrpp/framework/cuda/half_parts.h>

#include <algorithm>

namespace lrpp::cuda {
namespace {

constexpr int kTogether = 8;  // columns of a thread: 16 bytes of each part
constexpr int kWarp = 32;
constexpr int kMostThreads = 512;

/// Whether the part at place p of a side is the high one.
__host__ __device__ constexpr bool is_high(Side side, int p) {
  constexpr bool left[kParts] = {false, true, true}, right[kParts] = {true, false, true};
  return side == Side::left ? left[p] : right[p];
}

/// 2^e, for e from -126 to 127.
__device__ inline float power_of_two(int e) { return __int_as_float((e + 127) << 23); }

__device__ inline void load(const HalfParts& p, const float* row, int64_t column, float (&v)[kTogether]) {
  const float* from = row + column;
  if (p.aligned && column + kTogether <= p.width) {
    const float4 low = *reinterpret_cast<const float4*>(from);
    const float4 high = *reinterpret_cast<const float4*>(from + 4);
    v[0] = low.x, v[1] = low.y, v[2] = low.z, v[3] = low.w;
    v[4] = high.x, v[5] = high.y, v[6] = high.z, v[7] = high.w;
    return;
  }
#pragma unroll
  for (int i = 0; i < kTogether; ++i) v[i] = column + i < p.width ? from[i] : 0.F;
}

__device__ inline float largest(const float (&v)[kTogether], float so_far) {
#pragma unroll
  for (int i = 0; i < kTogether; ++i) so_far = fmaxf(so_far, fabsf(v[i]));
  return so_far;
}

/// The largest of all threads' numbers.
__device__ inline float largest_of_block(float mine) {
  __shared__ float of_warps[kMostThreads / kWarp];
#pragma unroll
  for (int step = kWarp / 2; step > 0; step /= 2) mine = fmaxf(mine, __shfl_xor_sync(~0U, mine, step));
  if (threadIdx.x % kWarp == 0) of_warps[threadIdx.x / kWarp] = mine;
  __syncthreads();
  for (unsigned i = 0; i < blockDim.x / kWarp; ++i) mine = fmaxf(mine, of_warps[i]);
  return mine;
}

/// The exponent that brings `largest` into [2^14, 2^15), as far as 2^e can be written.
__device__ inline int scale_of(float largest) {
  if (largest == 0.F) return 0;
  const int exponent = (__float_as_int(largest) >> 23) - 127;  // of what is no normal number, -127
  return min(14 - exponent, 126);
}

/// A thread's numbers in parts, two to a word.
struct Words {
  unsigned high[kTogether / 2], low[kTogether / 2];
};

__device__ inline Words split(const float (&v)[kTogether], float scale) {
  Words words;
#pragma unroll
  for (int i = 0; i < kTogether; i += 2) {
    const float2 x = make_float2(v[i] * scale, v[i + 1] * scale);
    const __half2 high = __float22half2_rn(x);
    const float2 back = __half22float2(high);
    const __half2 low = __float22half2_rn(make_float2(x.x - back.x, x.y - back.y));  // exact differences
    words.high[i / 2] = *reinterpret_cast<const unsigned*>(&high);
    words.low[i / 2] = *reinterpret_cast<const unsigned*>(&low);
  }
  return words;
}

/// A block has a row.
template <Side side>
__global__ void __launch_bounds__(kMostThreads) parts_kernel(const HalfParts p) {
  const int64_t row = blockIdx.x, width = p.count * p.length;
  const float* from = p.from + row * p.row_stride;
  const int64_t first = static_cast<int64_t>(threadIdx.x) * kTogether,
                step = static_cast<int64_t>(blockDim.x) * kTogether;
  float v[kTogether] = {};
  if (first < width) load(p, from, first, v);
  float most = largest(v, 0.F);
  for (int64_t column = first + step; column < width; column += step) {
    float more[kTogether];
    load(p, from, column, more);
    most = largest(more, most);
  }
  const int scale = scale_of(largest_of_block(most));
  if (threadIdx.x == 0) p.exponents[row] = -scale;
  for (int64_t column = first; column < width; column += step) {
    if (column != first) load(p, from, column, v);
    const Words words = split(v, power_of_two(scale));
    const int64_t block = static_cast<unsigned>(column) / static_cast<unsigned>(p.length);
    __half* to = p.to + (block * p.rows + row) * kParts * p.length + (column - block * p.length);
#pragma unroll
    for (int place = 0; place < kParts; ++place) {
      const unsigned(&w)[kTogether / 2] = is_high(side, place) ? words.high : words.low;
      *reinterpret_cast<uint4*>(to + place * p.length) = make_uint4(w[0], w[1], w[2], w[3]);
    }
  }
}

/// x 2^e, where 2^e alone may be none.
__device__ inline float times_power(float x, int e) {
  const int half = e >> 1;
  return x * power_of_two(half) * power_of_two(e - half);
}

constexpr int kSumThreads = 256;

/// `Few`: four neighbours, where rows are made of fours, or one number.
template <class Few>
__global__ void __launch_bounds__(kSumThreads)
    sum_kernel(const SumOfBlocks s, unsigned groups, unsigned total) {
  const unsigned index = blockIdx.x * kSumThreads + threadIdx.x;
  if (index >= total) return;
  constexpr int kFew = sizeof(Few) / sizeof(float);
  union Numbers {
    Few all;
    float each[kFew];
  };
  const auto* from = reinterpret_cast<const Few*>(s.from) + index;
  Numbers sum{from[0]};
  for (int64_t b = 1; b < s.count; ++b) {
    const Numbers more{from[b * total]};
#pragma unroll
    for (int i = 0; i < kFew; ++i) sum.each[i] += more.each[i];
  }
  const unsigned row = index / groups, column = (index - row * groups) * kFew;
  const int left = s.left[row];
#pragma unroll
  for (int i = 0; i < kFew; ++i) {
    sum.each[i] = times_power(sum.each[i], left + s.right[column + i]);
    if (s.bias != nullptr) sum.each[i] += s.bias[column + i];
  }
  reinterpret_cast<Few*>(s.to)[index] = sum.all;
}

}  // namespace

cudaError_t write_half_parts(const HalfParts& parts, Side side, cudaStream_t stream) {
  const int64_t width = parts.count * parts.length;
  if (parts.rows == 0 || width == 0) return cudaSuccess;
  if (parts.rows > INT32_MAX || width > INT32_MAX) return cudaErrorInvalidValue;
  const int64_t warps = (width + kTogether * kWarp - 1) / (kTogether * kWarp);
  const auto threads = static_cast<unsigned>(std::min<int64_t>(warps * kWarp, kMostThreads));
  const auto kernel = side == Side::left ? parts_kernel<Side::left> : parts_kernel<Side::right>;
  kernel<<<static_cast<unsigned>(parts.rows), threads, 0, stream>>>(parts);
  return cudaGetLastError();
}

cudaError_t sum_blocks(const SumOfBlocks& sum, cudaStream_t stream) {
  const bool fours = sum.width % 4 == 0;
  const int64_t groups = fours ? sum.width / 4 : sum.width, total = sum.rows * groups;
  if (total == 0) return cudaSuccess;
  if (total > INT32_MAX) return cudaErrorInvalidValue;
  const auto blocks = static_cast<unsigned>((total + kSumThreads - 1) / kSumThreads);
  const auto kernel = fours ? sum_kernel<float4> : sum_kernel<float>;
  kernel<<<blocks, kSumThreads, 0, stream>>>(sum, static_cast<unsigned>(groups),
                                             static_cast<unsigned>(total));
  return cudaGetLastError();
}

}  // namespace lrpp::cuda
