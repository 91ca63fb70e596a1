#include <lrpp/plugins/mamba/kernels/cuda/scan_gradient.h>

#include <lrpp/plugins/mamba/kernels/cuda/device.cuh>

namespace lrpp::mamba::cuda {
namespace {

/// As in scan_tile.cuh: a channel to a lane, and the warps share the states, S to a thread.
constexpr int kWarps = 4, kThreads = 32 * kWarps;

template <int S>
struct Shape {
  static constexpr int kStates = S * kWarps, kTile = gradient_tile(kStates);
};

/// What the threads of a block share of a tile.
template <int S>
struct SharedTile {
  using Row = float[kChannels];
  Row dt[Shape<S>::kTile], x[Shape<S>::kTile], m[Shape<S>::kTile];
  float b[Shape<S>::kTile][Shape<S>::kStates], c[Shape<S>::kTile][Shape<S>::kStates];
};

/// Where a thread is: its channel, its states, and the tokens of the tile that it comes to.
template <class T, int S>
struct Place {
  const ScanGradient<T>& p;
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first_state = warp * S;
  int64_t block = blockIdx.x, batch = blockIdx.y, channel = block * kChannels + lane;
  int64_t tiles = (p.tokens + Shape<S>::kTile - 1) / Shape<S>::kTile;

  __device__ explicit Place(const ScanGradient<T>& gradient) : p(gradient) {}
  __device__ bool there(int s) const { return channel < p.channels && first_state + s < p.states; }
  __device__ float* begin(int64_t tile, int s) const {
    return p.begins + ((batch * tiles + tile) * p.states + first_state + s) * p.channels + channel;
  }
  /// Columns `first` to `end` of the tile's rows; zeros outside, with which a step changes nothing.
  template <int kWidth>
  __device__ void bring(const Rows<const T>& rows, int64_t tile, int64_t first, int64_t end,
                        float (*to)[kWidth]) const {
    for (int i = threadIdx.x; i < Shape<S>::kTile * kWidth; i += kThreads) {
      const int64_t token = tile * Shape<S>::kTile + i / kWidth, column = first + i % kWidth;
      to[i / kWidth][i % kWidth] =
          token < p.tokens && column < end ? to_float(rows.row(batch, token)[column]) : 0.F;
    }
  }
  __device__ void bring_inputs(int64_t tile, SharedTile<S>& shared) const {
    bring(p.dt, tile, block * kChannels, p.channels, shared.dt);
    bring(p.x, tile, block * kChannels, p.channels, shared.x);
    bring(p.b, tile, 0, p.states, shared.b);
  }
  __device__ void bring_all(int64_t tile, SharedTile<S>& shared) const {
    bring_inputs(tile, shared);
    bring(p.m, tile, block * kChannels, p.channels, shared.m);
    bring(p.c, tile, 0, p.states, shared.c);
  }
  /// A, [S].
  __device__ void load_a(float (&a)[S]) const {
#pragma unroll
    for (int s = 0; s < S; ++s) a[s] = there(s) ? p.a[channel * p.states + first_state + s] : 0.F;
  }
};

/// A step of the recurrence for a thread's states.
template <int S>
__device__ inline void step(const SharedTile<S>& tile, int t, int lane, int first_state, const float (&a)[S],
                            float (&state)[S]) {
  const float dt = tile.dt[t][lane], input = dt * tile.x[t][lane];
#pragma unroll
  for (int s = 0; s < S; ++s)
    state[s] = fmaf(exp2_fast(kLog2E * dt * a[s]), state[s], input * tile.b[t][first_state + s]);
}

/// Writes down the states that tiles begin with.
template <class T, int S>
__global__ void __launch_bounds__(kThreads) begins_kernel(const ScanGradient<T> p) {
  __shared__ SharedTile<S> tile;
  const Place<T, S> at(p);
  float a[S], state[S] = {};
  at.load_a(a);
  for (int64_t i = 0; i < at.tiles; ++i) {
    __syncthreads();  // all have read the tile before
    at.bring_inputs(i, tile);
    __syncthreads();
#pragma unroll
    for (int s = 0; s < S; ++s) {
      if (at.there(s)) *at.begin(i, s) = state[s];
    }
#pragma unroll
    for (int t = 0; t < Shape<S>::kTile; ++t) step<S>(tile, t, at.lane, at.first_state, a, state);
  }
}

/// Sums 32 numbers over the lanes of a warp: of number i, lane i gets the sum.
__device__ inline float sum_of_own(float (&v)[32], int lane) {
#pragma unroll
  for (int half = 16; half > 0; half /= 2) {
    const bool upper = (lane & half) != 0;
#pragma unroll
    for (int i = 0; i < half; ++i) {
      const float kept = upper ? v[i + half] : v[i], sent = upper ? v[i] : v[i + half];
      v[i] = kept + __shfl_xor_sync(0xffffffff, sent, half);
    }
  }
  return v[0];
}

/// Tiles from the last to the first: the states of a tile are made again from the one that it begins with,
/// and the gradient goes back through them.
template <class T, int S>
__global__ void __launch_bounds__(kThreads) gradient_kernel(const ScanGradient<T> p) {
  constexpr int kTile = Shape<S>::kTile;
  __shared__ SharedTile<S> tile;
  /// Each warp's sums over its states: what reaches the input dt x, and the step through the decay.
  __shared__ float2 sums[kWarps][kTile][kChannels];
  const Place<T, S> at(p);
  const int lane = at.lane;
  float a[S], decayed[S] = {};
  at.load_a(a);
  const float d = at.channel < p.channels ? p.d[at.channel] : 0.F;

  for (int64_t i = at.tiles - 1; i >= 0; --i) {
    __syncthreads();  // all have read the tile after
    at.bring_all(i, tile);
    float first[S], states[kTile][S];
#pragma unroll
    for (int s = 0; s < S; ++s) first[s] = at.there(s) ? *at.begin(i, s) : 0.F;
    __syncthreads();
#pragma unroll
    for (int t = 0; t < kTile; ++t) {
#pragma unroll
      for (int s = 0; s < S; ++s) states[t][s] = t == 0 ? first[s] : states[t - 1][s];
      step<S>(tile, t, lane, at.first_state, a, states[t]);
    }

    // By B and C: numbers of some tokens together, as many as a warp has lanes.
    constexpr int kOfToken = 2 * S, kTogether = 32 / kOfToken;
    static_assert(kTile % kTogether == 0);
    float by_parameters[32];
#pragma unroll
    for (int t = kTile - 1; t >= 0; --t) {
      const float dt = tile.dt[t][lane], x = tile.x[t][lane], m = tile.m[t][lane];
      float* const of_token = by_parameters + t % kTogether * kOfToken;
      float2 sum{0.F, 0.F};
#pragma unroll
      for (int s = 0; s < S; ++s) {
        const float g = fmaf(tile.c[t][at.first_state + s], m, decayed[s]);
        decayed[s] = exp2_fast(kLog2E * dt * a[s]) * g;
        sum.x = fmaf(tile.b[t][at.first_state + s], g, sum.x);
        sum.y = fmaf(a[s] * decayed[s], t == 0 ? first[s] : states[t > 0 ? t - 1 : 0][s], sum.y);
        of_token[s] = dt * x * g;
        of_token[S + s] = m * states[t][s];
      }
      sums[at.warp][t][lane] = sum;
      if (t % kTogether == 0) {
        const float total = sum_of_own(by_parameters, lane);
        const int64_t token = i * kTile + t + lane / kOfToken;
        const int which = lane / S % 2, state = at.first_state + lane % S;
        if (token < p.tokens && state < p.states) {
          p.parts[(((at.block * p.batch + at.batch) * p.tokens + token) * 2 + which) * p.states + state] =
              total;
        }
      }
    }
    __syncthreads();
    for (int k = threadIdx.x; k < kTile * kChannels; k += kThreads) {
      const int t = k / kChannels, column = k % kChannels;
      const int64_t token = i * kTile + t;
      if (token >= p.tokens || at.channel >= p.channels) continue;
      float2 sum{0.F, 0.F};
#pragma unroll
      for (int w = 0; w < kWarps; ++w) sum.x += sums[w][t][column].x, sum.y += sums[w][t][column].y;
      const float dx = fmaf(tile.dt[t][column], sum.x, d * tile.m[t][column]);
      from_float(dx, p.dx.row(at.batch, token)[at.channel]);
      from_float(fmaf(tile.x[t][column], sum.x, sum.y), p.ddt.row(at.batch, token)[at.channel]);
    }
  }
}

template <class T, int S>
void launch(const ScanGradient<T>& p, cudaStream_t stream) {
  const dim3 grid(static_cast<unsigned>(p.blocks()), static_cast<unsigned>(p.batch));
  begins_kernel<T, S><<<grid, kThreads, 0, stream>>>(p);
  gradient_kernel<T, S><<<grid, kThreads, 0, stream>>>(p);
}

}  // namespace

template <class T>
cudaError_t scan_gradient(const ScanGradient<T>& p, cudaStream_t stream) {
  if (p.states <= 4) {
    launch<T, 1>(p, stream);
  } else if (p.states <= 8) {
    launch<T, 2>(p, stream);
  } else if (p.states <= 16) {
    launch<T, 4>(p, stream);
  } else {
    launch<T, 16>(p, stream);
  }
  return cudaGetLastError();
}

template cudaError_t scan_gradient(const ScanGradient<float>&, cudaStream_t);
template cudaError_t scan_gradient(const ScanGradient<__nv_bfloat16>&, cudaStream_t);

}  // namespace lrpp::mamba::cuda
