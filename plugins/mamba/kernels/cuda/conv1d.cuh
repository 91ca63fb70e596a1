#pragma once

#include <lrpp/plugins/mamba/kernels/cuda/conv1d.h>

#include <algorithm>
#include <lrpp/plugins/mamba/kernels/cuda/device.cuh>

namespace lrpp::mamba::cuda {
namespace {

constexpr int kThreads = 128;
/// Tokens that are loaded together, while those before them are computed: a load could not move above the
/// stores before it by itself.
constexpr int kTogether = 4;

/// A thread does four channels of a strip of tokens, and holds the last tokens in registers.
template <class T, int K>
struct Strip {
  const Convolution<T>& p;
  int64_t batch, channel, left;
  float taps[K][4], bias[4];

  __device__ Strip(const Convolution<T>& p_in, bool with_bias) : p(p_in) {
    batch = blockIdx.z;
    channel = (static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x) * 4;
    left = p.channels - channel;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
#pragma unroll
      for (int k = 0; k < K; ++k) taps[k][i] = i < left ? p.taps[k * p.channels + channel + i] : 0.F;
      bias[i] = with_bias && p.bias != nullptr && i < left ? p.bias[channel + i] : 0.F;
    }
  }

  /// Four channels of a token; zeros outside of the text.
  __device__ Four<T> load(const Rows<const T>& rows, int64_t t) const {
    const bool there = t >= 0 && t < p.tokens;
    return load_four(rows.row(batch, there ? t : 0) + channel, there ? left : 0, rows.aligned);
  }
  __device__ void load_together(const Rows<const T>& rows, int64_t t, Four<T> (&to)[kTogether]) const {
#pragma unroll
    for (int g = 0; g < kTogether; ++g) to[g] = load(rows, t + g);
  }
};

template <class T>
__device__ inline void unpack(const Four<T>& four, float (&to)[4]) {
#pragma unroll
  for (int i = 0; i < 4; ++i) to[i] = four.get(i);
}

/// Makes room for one more token at the end of a window of K.
template <int K>
__device__ inline void shift(float (&window)[K][4]) {
#pragma unroll
  for (int k = 0; k + 1 < K; ++k) {
#pragma unroll
    for (int i = 0; i < 4; ++i) window[k][i] = window[k + 1][i];
  }
}

template <class T, int K>
__global__ void __launch_bounds__(kThreads) forward_kernel(const Convolution<T> p, int strip) {
  const Strip<T, K> s(p, true);
  if (s.left <= 0) return;
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * strip, end = min(p.tokens, begin + strip);
  float x[K][4];
#pragma unroll
  for (int k = 1; k < K; ++k) unpack(s.load(p.x, begin - K + k), x[k]);
  Four<T> next[kTogether];
  s.load_together(p.x, begin, next);
  for (int64_t first = begin; first < end; first += kTogether) {
    Four<T> now[kTogether];
#pragma unroll
    for (int g = 0; g < kTogether; ++g) now[g] = next[g];
    if (first + kTogether < end) s.load_together(p.x, first + kTogether, next);
#pragma unroll
    for (int g = 0; g < kTogether; ++g) {
      if (first + g >= end) break;
      shift(x);
      unpack(now[g], x[K - 1]);
      float y[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        y[i] = s.bias[i];
#pragma unroll
        for (int k = 0; k < K; ++k) y[i] = fmaf(s.taps[k][i], x[k][i], y[i]);
        if (p.silu) y[i] *= sigmoid(y[i]);
      }
      store_four(p.out.row(s.batch, first + g) + s.channel, y, s.left, p.out.aligned);
    }
  }
}

template <class T, int K, bool kSilu>
__global__ void __launch_bounds__(kThreads) relevance_kernel(const Convolution<T> p, int strip) {
  const Strip<T, K> s(p, kSilu);
  if (s.left <= 0) return;
  const int64_t begin = static_cast<int64_t>(blockIdx.x) * strip, end = min(p.tokens, begin + strip);
  float x[K][4], m[K][4] = {};
  if (kSilu) {
#pragma unroll
    for (int k = 1; k < K; ++k) unpack(s.load(p.x, begin - K + k), x[k]);
  }
  Four<T> next_m[kTogether], next_x[kTogether];
  const auto load = [&](int64_t t) {
    s.load_together(p.m, t, next_m);
    if (kSilu) s.load_together(p.x, t, next_x);
  };
  load(begin);
  for (int64_t first = begin; first < end + K - 1; first += kTogether) {
    Four<T> now_m[kTogether], now_x[kTogether];
#pragma unroll
    for (int g = 0; g < kTogether; ++g) now_m[g] = next_m[g], now_x[g] = next_x[g];
    if (first + kTogether < end + K - 1) load(first + kTogether);
#pragma unroll
    for (int g = 0; g < kTogether; ++g) {
      shift(m);
      unpack(now_m[g], m[K - 1]);
      if (kSilu) {
        shift(x);
        unpack(now_x[g], x[K - 1]);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          float y = s.bias[i];
#pragma unroll
          for (int k = 0; k < K; ++k) y = fmaf(s.taps[k][i], x[k][i], y);
          m[K - 1][i] *= sigmoid(y);
        }
      }
      const int64_t to = first + g - (K - 1);
      if (to < begin || to >= end) continue;
      float out[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        out[i] = 0.F;
#pragma unroll
        for (int k = 0; k < K; ++k) out[i] = fmaf(s.taps[K - 1 - k][i], m[k][i], out[i]);
      }
      store_four(p.out.row(s.batch, to) + s.channel, out, s.left, p.out.aligned);
    }
  }
}

/// Strips of 32 tokens, shorter where that would leave multiprocessors idle: four blocks to each.
template <class T>
dim3 cut(const Convolution<T>& p, int multiprocessors, int& strip) {
  const int64_t columns = (p.channels + 4 * kThreads - 1) / (4 * kThreads);
  strip = 32;
  while (strip > 4 && p.batch * columns * ((p.tokens + strip - 1) / strip) < 4 * multiprocessors) strip /= 2;
  return {static_cast<unsigned>((p.tokens + strip - 1) / strip), static_cast<unsigned>(columns),
          static_cast<unsigned>(p.batch)};
}

}  // namespace

template <class T>
cudaError_t conv1d_forward(const Convolution<T>& p, int multiprocessors, cudaStream_t stream) {
  int strip = 0;
  const dim3 grid = cut(p, multiprocessors, strip);
  if (p.kernel == 2) forward_kernel<T, 2><<<grid, kThreads, 0, stream>>>(p, strip);
  if (p.kernel == 3) forward_kernel<T, 3><<<grid, kThreads, 0, stream>>>(p, strip);
  if (p.kernel == 4) forward_kernel<T, 4><<<grid, kThreads, 0, stream>>>(p, strip);
  return cudaGetLastError();
}

template <class T>
cudaError_t conv1d_relevance(const Convolution<T>& p, int multiprocessors, cudaStream_t stream) {
  int strip = 0;
  const dim3 grid = cut(p, multiprocessors, strip);
  const auto launch = [&]<int K>() {
    if (p.silu) {
      relevance_kernel<T, K, true><<<grid, kThreads, 0, stream>>>(p, strip);
    } else {
      relevance_kernel<T, K, false><<<grid, kThreads, 0, stream>>>(p, strip);
    }
  };
  if (p.kernel == 2) launch.template operator()<2>();
  if (p.kernel == 3) launch.template operator()<3>();
  if (p.kernel == 4) launch.template operator()<4>();
  return cudaGetLastError();
}

}  // namespace lrpp::mamba::cuda
