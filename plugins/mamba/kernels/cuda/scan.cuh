#pragma once

#include <lrpp/plugins/mamba/kernels/cuda/scan.h>

#include <algorithm>
#include <lrpp/plugins/mamba/kernels/cuda/device.cuh>

namespace lrpp::mamba::cuda {
namespace {

/// A block does 32 channels, one to a lane, and its warps share the states: S to a thread. Tokens come in
/// tiles through shared memory; the sums over states are put together at the end of a tile.
constexpr int kChannels = 32;
constexpr float kLog2E = 1.4426950408889634F;

/// Sizes that follow from how the states are shared.
template <int S, int W>
struct Shape {
  static constexpr int kThreads = 32 * W, kStates = S * W;
  static constexpr int kTile = 16, kRowsApart = kThreads / 8, kRows = kTile / kRowsApart;
  static constexpr int kStateLoads = (kTile * kStates + kThreads - 1) / kThreads;
};

/// What one thread loads of a tile, while the tile before is computed: four channels of some tokens, and its
/// part of B and C.
template <class T, class Shape>
struct Loaded {
  Four<T> lead[Shape::kRows], dt[Shape::kRows], z[Shape::kRows], y[Shape::kRows];
  T b[Shape::kStateLoads], c[Shape::kStateLoads];
};

template <class T, class Shape, bool kReverse, bool kGated>
struct Block {
  const Scan<T>& p;
  int64_t batch, first_channel, begin, end;  ///< the tokens of this block's chunk
  int thread;

  __device__ int row(int r) const { return thread / 8 + r * Shape::kRowsApart; }
  __device__ int column() const { return thread % 8 * 4; }
  __device__ int64_t left() const { return p.channels - first_channel - column(); }

  __device__ Loaded<T, Shape> load(int64_t tile, bool for_output) const {
    Loaded<T, Shape> in{};
    const int64_t e = first_channel + column();
#pragma unroll
    for (int r = 0; r < Shape::kRows; ++r) {
      const int64_t t = begin + tile * Shape::kTile + row(r);
      if (t >= end || left() <= 0) continue;
      in.lead[r] = load_four(p.lead.row(batch, t) + e, left(), p.lead.aligned);
      in.dt[r] = load_four(p.dt.row(batch, t) + e, left(), p.dt.aligned);
      if (kGated && (kReverse || for_output)) in.z[r] = load_four(p.z.row(batch, t) + e, left(), p.z.aligned);
      if (kGated && kReverse && for_output) in.y[r] = load_four(p.y.row(batch, t) + e, left(), p.y.aligned);
    }
#pragma unroll
    for (int i = 0; i < Shape::kStateLoads; ++i) {
      const int at = thread + i * Shape::kThreads, n = at % Shape::kStates;
      const int64_t token = begin + tile * Shape::kTile + at / Shape::kStates;
      const bool there = at < Shape::kTile * Shape::kStates && n < p.states && token < end;
      in.b[i] = there ? p.b.row(batch, token)[n] : T(0.F);
      in.c[i] = there ? p.c.row(batch, token)[n] : T(0.F);
    }
    return in;
  }
};

/// S neighbours of shared memory.
template <int S>
__device__ inline void read_shared(const float* at, float (&out)[S]) {
  if constexpr (S % 4 == 0) {
#pragma unroll
    for (int i = 0; i < S; i += 4) {
      const float4 four = *reinterpret_cast<const float4*>(at + i);
      out[i] = four.x, out[i + 1] = four.y, out[i + 2] = four.z, out[i + 3] = four.w;
    }
  } else {
#pragma unroll
    for (int i = 0; i < S; ++i) out[i] = at[i];
  }
}

/// What the threads of a block share of a tile.
struct SharedTile {
  const float *dt, *lead, *part;  ///< part: [W, kTile, kChannels], each warp's sums over its states
};

/// Makes the outputs of a tile from the sums over states.
template <class T, int S, int W, bool kReverse, bool kGated>
__device__ inline void finish_tile(const Scan<T>& p, const Block<T, Shape<S, W>, kReverse, kGated>& block,
                                   const Loaded<T, Shape<S, W>>& in, int64_t tile, const float (&d)[4],
                                   const SharedTile& shared) {
  using Shape = Shape<S, W>;
#pragma unroll
  for (int r = 0; r < Shape::kRows; ++r) {
    const int at = block.row(r) * kChannels + block.column();
    const int64_t t = block.begin + tile * Shape::kTile + block.row(r),
                  e = block.first_channel + block.column();
    if (t >= block.end || block.left() <= 0) continue;
    float out[4], gate[4];
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      float sum = 0.F;
#pragma unroll
      for (int w = 0; w < W; ++w) sum += shared.part[w * Shape::kTile * kChannels + at + k];
      const float v = in.lead[r].get(k), z = in.z[r].get(k);
      if (kReverse) {
        out[k] = fmaf(shared.dt[at + k], sum, d[k] * shared.lead[at + k]);
        gate[k] = kGated ? 0.5F * v * sigmoid(z) * in.y[r].get(k) : 0.F;
      } else {
        out[k] = fmaf(d[k], v, sum);
        gate[k] = kGated ? out[k] * z * sigmoid(z) : 0.F;
      }
    }
    store_four(p.out.row(block.batch, t) + e, out, block.left(), p.out.aligned);
    if (kGated) store_four(p.gate.row(block.batch, t) + e, gate, block.left(), p.gate.aligned);
  }
}

/// kSummary: only the state that a chunk ends with, from a zero state, and the sum of its steps.
template <class T, int S, int W, bool kReverse, bool kGated, bool kSummary>
__global__ void __launch_bounds__(32 * W) scan_kernel(const Scan<T> p) {
  extern __shared__ float shared[];
  using Shape = Shape<S, W>;
  constexpr int kTile = Shape::kTile, padded = Shape::kStates;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first_state = warp * S;
  float* const s_dt = shared;
  float* const s_lead = s_dt + kTile * kChannels;
  float* const s_b = s_lead + kTile * kChannels;
  float* const s_c = s_b + kTile * padded;
  float* const s_part = s_c + kTile * padded;  // [W, kTile, kChannels]

  const int64_t batch = blockIdx.z, chunk = blockIdx.y;
  const int64_t begin = chunk * p.chunk_tokens, end = min(p.tokens, begin + p.chunk_tokens);
  const Block<T, Shape, kReverse, kGated> block{p,     batch, static_cast<int64_t>(blockIdx.x) * kChannels,
                                                begin, end,   static_cast<int>(threadIdx.x)};
  const int64_t channel = block.first_channel + lane;
  const bool mine = channel < p.channels;
  const auto carry = [&](int s) {
    return p.carry + ((batch * p.chunks + chunk) * p.states + first_state + s) * p.channels + channel;
  };

  float a[S], state[S];
#pragma unroll
  for (int s = 0; s < S; ++s) {
    const bool there = mine && first_state + s < p.states;
    a[s] = there ? p.a[channel * p.states + first_state + s] * kLog2E : 0.F;
    state[s] = !kSummary && p.chunks > 1 && there ? *carry(s) : 0.F;
  }
  float d[4] = {};
  if (!kSummary) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < block.left()) d[i] = p.d[block.first_channel + block.column() + i];
    }
  }
  float steps = 0.F;

  const int64_t tiles = (end - begin + kTile - 1) / kTile;
  const auto tile_at = [&](int64_t i) { return kReverse ? tiles - 1 - i : i; };
  Loaded<T, Shape> next = block.load(tile_at(0), !kSummary);
  for (int64_t i = 0; i < tiles; ++i) {
    const Loaded<T, Shape> in = next;
#pragma unroll
    for (int r = 0; r < Shape::kRows; ++r) {
      float dt[4], lead[4];
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        const float v = in.lead[r].get(k), step = in.dt[r].get(k), z = in.z[r].get(k);
        // A token outside of the chunk, or a channel that is not there, changes nothing.
        const bool there = begin + tile_at(i) * kTile + block.row(r) < end && k < block.left();
        dt[k] = !there ? 0.F : kGated ? softplus(step) : step;
        lead[k] = kReverse ? (kGated ? 0.5F * v * z * sigmoid(z) : v) : dt[k] * v;
      }
      const int at = block.row(r) * kChannels + block.column();
      *reinterpret_cast<float4*>(s_dt + at) = make_float4(dt[0], dt[1], dt[2], dt[3]);
      *reinterpret_cast<float4*>(s_lead + at) = make_float4(lead[0], lead[1], lead[2], lead[3]);
    }
#pragma unroll
    for (int k = 0; k < Shape::kStateLoads; ++k) {
      const int at = block.thread + k * Shape::kThreads;
      if (at < kTile * padded) {
        s_b[at] = to_float(in.b[k]);
        s_c[at] = to_float(in.c[k]);
      }
    }
    __syncthreads();
    if (i + 1 < tiles) next = block.load(tile_at(i + 1), !kSummary);

    // A few steps at a time: what they read is loaded before the first sum is stored, which the compiler
    // could not reorder by itself.
    constexpr int kSteps = 2;
#pragma unroll 1
    for (int first = 0; first < kTile; first += kSteps) {
      float step[kSteps], lead[kSteps], b[kSteps][S], c[kSteps][S], sum[kSteps];
#pragma unroll
      for (int k = 0; k < kSteps; ++k) {
        const int t = kReverse ? kTile - 1 - first - k : first + k;
        step[k] = s_dt[t * kChannels + lane];
        lead[k] = s_lead[t * kChannels + lane];
        if (!kSummary || !kReverse) read_shared(s_b + t * padded + first_state, b[k]);
        if (!kSummary || kReverse) read_shared(s_c + t * padded + first_state, c[k]);
      }
#pragma unroll
      for (int k = 0; k < kSteps; ++k) {
        float decay[S];
#pragma unroll
        for (int s = 0; s < S; ++s) decay[s] = exp2_fast(step[k] * a[s]);
        sum[k] = 0.F;
#pragma unroll
        for (int s = 0; s < S; ++s) {
          if (kReverse) {
            const float g = fmaf(lead[k], c[k][s], state[s]);
            if (!kSummary) sum[k] = fmaf(g, b[k][s], sum[k]);
            state[s] = decay[s] * g;
          } else {
            state[s] = fmaf(decay[s], state[s], lead[k] * b[k][s]);
            if (!kSummary) sum[k] = fmaf(state[s], c[k][s], sum[k]);
          }
        }
        if (kSummary) steps += step[k];
      }
      if constexpr (!kSummary) {
#pragma unroll
        for (int k = 0; k < kSteps; ++k) {
          const int t = kReverse ? kTile - 1 - first - k : first + k;
          s_part[(warp * kTile + t) * kChannels + lane] = sum[k];
        }
      }
    }
    __syncthreads();
    if constexpr (!kSummary) {
      finish_tile<T, S, W, kReverse, kGated>(p, block, in, tile_at(i), d, {s_dt, s_lead, s_part});
      // The next tile is put where the sums' factors were read.
      __syncthreads();
    }
  }
  if (kSummary && mine) {
#pragma unroll
    for (int s = 0; s < S; ++s) {
      if (first_state + s < p.states) *carry(s) = state[s];
    }
    if (warp == 0) p.steps[(batch * p.chunks + chunk) * p.channels + channel] = steps;
  }
}

/// What each chunk ends with, from a zero state -> what it begins with.
template <class T, bool kReverse>
__global__ void carry_kernel(const Scan<T> p) {
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x, n = blockIdx.y,
                batch = blockIdx.z;
  if (channel >= p.channels) return;
  const float a = p.a[channel * p.states + n] * kLog2E;
  float state = 0.F;
  for (int64_t i = 0; i < p.chunks; ++i) {
    const int64_t chunk = batch * p.chunks + (kReverse ? p.chunks - 1 - i : i);
    float* const at = p.carry + (chunk * p.states + n) * p.channels + channel;
    const float own = *at;
    *at = state;
    state = fmaf(exp2_fast(p.steps[chunk * p.channels + channel] * a), state, own);
  }
}

template <class T, int S, int W, bool kReverse, bool kGated>
void launch_states(const Scan<T>& p, cudaStream_t stream) {
  using Shape = Shape<S, W>;
  const dim3 grid(static_cast<unsigned>((p.channels + kChannels - 1) / kChannels),
                  static_cast<unsigned>(p.chunks), static_cast<unsigned>(p.batch));
  constexpr size_t input = 2 * Shape::kTile * (kChannels + Shape::kStates) * sizeof(float);
  if (p.chunks > 1) {
    scan_kernel<T, S, W, kReverse, kGated, true><<<grid, Shape::kThreads, input, stream>>>(p);
    const dim3 carry_grid(static_cast<unsigned>((p.channels + 127) / 128), static_cast<unsigned>(p.states),
                          static_cast<unsigned>(p.batch));
    carry_kernel<T, kReverse><<<carry_grid, 128, 0, stream>>>(p);
  }
  constexpr size_t parts = W * Shape::kTile * kChannels * sizeof(float);
  static_assert(input + parts <= 48 * 1024, "more shared memory than a block gets without asking");
  scan_kernel<T, S, W, kReverse, kGated, false><<<grid, Shape::kThreads, input + parts, stream>>>(p);
}

template <class T, bool kReverse, bool kGated>
void launch(const Scan<T>& p, cudaStream_t stream) {
  if (p.states <= 4) {
    launch_states<T, 1, 4, kReverse, kGated>(p, stream);
  } else if (p.states <= 8) {
    launch_states<T, 2, 4, kReverse, kGated>(p, stream);
  } else if (p.states <= 16) {
    launch_states<T, 4, 4, kReverse, kGated>(p, stream);
  } else {
    launch_states<T, 16, 4, kReverse, kGated>(p, stream);
  }
}

}  // namespace

template <class T>
void choose_chunks(Scan<T>& p, int multiprocessors) {
  const int64_t warps = p.batch * ((p.channels + kChannels - 1) / kChannels) * 4;
  // Two warps to each of a multiprocessor's four schedulers keep it busy. A cut doubles the work: it has to
  // bring more.
  const int64_t wanted = 8 * multiprocessors / std::max<int64_t>(warps, 1), fitting = p.tokens / 256;
  p.chunks = std::min<int64_t>(std::min(wanted, fitting), 1024);
  if (p.chunks < 3) p.chunks = 1;
  constexpr int64_t kWhole = 32;  // a whole number of tiles
  const int64_t wholes = (p.tokens + kWhole - 1) / kWhole;
  p.chunk_tokens = (wholes + p.chunks - 1) / p.chunks * kWhole;
  p.chunks = (p.tokens + p.chunk_tokens - 1) / p.chunk_tokens;
}

template <class T>
cudaError_t scan_forward(const Scan<T>& p, cudaStream_t stream) {
  p.gated ? launch<T, false, true>(p, stream) : launch<T, false, false>(p, stream);
  return cudaGetLastError();
}

template <class T>
cudaError_t scan_relevance(const Scan<T>& p, cudaStream_t stream) {
  p.gated ? launch<T, true, true>(p, stream) : launch<T, true, false>(p, stream);
  return cudaGetLastError();
}

}  // namespace lrpp::mamba::cuda
