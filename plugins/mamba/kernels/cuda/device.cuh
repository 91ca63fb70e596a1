#pragma once

#include <cuda_bf16.h>

#include <cstdint>

/// What the kernels of this folder share: loads and stores of four neighbours, and fast functions of float32.
namespace lrpp::mamba::cuda {

__device__ inline float to_float(float v) { return v; }
__device__ inline float to_float(__nv_bfloat16 v) { return __bfloat162float(v); }
__device__ inline void from_float(float v, float& out) { out = v; }
__device__ inline void from_float(float v, __nv_bfloat16& out) { out = __float2bfloat16_rn(v); }

/// Four neighbours as they are stored: one 16-byte (float32) or 8-byte (bfloat16) access. They stay as they
/// came until they are read, so that nothing waits for a load before it must.
template <class T>
struct Four;

template <>
struct Four<float> {
  float4 raw;
  __device__ float get(int i) const { return i == 0 ? raw.x : i == 1 ? raw.y : i == 2 ? raw.z : raw.w; }
  __device__ static Four of(const float (&v)[4]) { return {make_float4(v[0], v[1], v[2], v[3])}; }
  __device__ static Four filled(float v) { return {make_float4(v, v, v, v)}; }
};

template <>
struct Four<__nv_bfloat16> {
  uint2 raw;
  __device__ float get(int i) const {
    const unsigned word = i < 2 ? raw.x : raw.y;
    return __uint_as_float(i % 2 == 0 ? word << 16 : word & 0xffff0000U);
  }
  __device__ static Four of(const float (&v)[4]) { return {make_uint2(pair(v[0], v[1]), pair(v[2], v[3]))}; }
  __device__ static Four filled(float v) { return {make_uint2(pair(v, v), pair(v, v))}; }
  __device__ static unsigned pair(float low, float high) {
    const __nv_bfloat162 two = __floats2bfloat162_rn(low, high);
    return *reinterpret_cast<const unsigned*>(&two);
  }
};

/// Four neighbours from `at`: the first `left` of them, `otherwise` for the rest. `aligned`: one access may
/// take them all.
template <class T>
__device__ inline Four<T> load_four(const T* at, int64_t left, bool aligned, float otherwise = 0.F) {
  if (aligned && left >= 4) return {*reinterpret_cast<const decltype(Four<T>::raw)*>(at)};
  float v[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) v[i] = i < left ? to_float(at[i]) : otherwise;
  return Four<T>::of(v);
}

template <class T>
__device__ inline void store_four(T* at, const float (&values)[4], int64_t left, bool aligned) {
  if (aligned && left >= 4) {
    *reinterpret_cast<decltype(Four<T>::raw)*>(at) = Four<T>::of(values).raw;
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    if (i < left) from_float(values[i], at[i]);
  }
}

// Fast functions to two units in the last place, where what is too small for a normal number is zero: to keep
// those numbers costs three instructions more for each.

/// 2^x.
__device__ inline float exp2_fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// The logarithm to base 2; near 1 its error is absolute.
__device__ inline float log2_fast(float x) {
  float y;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// 1 / x.
__device__ inline float reciprocal_fast(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

constexpr float kLog2E = 1.4426950408889634F, kLn2 = 0.6931471805599453F;

__device__ inline float sigmoid(float x) { return reciprocal_fast(1.F + exp2_fast(-kLog2E * x)); }

/// PyTorch's softplus: x itself above 20. Below log(1/8) the series of log(1 + e) to its seventh term, whose
/// next is under 6e-8 of it; the fast logarithm there would lose what is small beside 1.
__device__ inline float softplus(float x) {
  const float e = exp2_fast(kLog2E * x);
  float series = 1.F / 7;
#pragma unroll
  for (int k = 6; k > 0; --k) series = fmaf(-e, series, 1.F / static_cast<float>(k));
  const float small = e * series, large = kLn2 * log2_fast(1.F + e);
  return x > 20.F ? x : e < 0.125F ? small : large;
}

}  // namespace lrpp::mamba::cuda
