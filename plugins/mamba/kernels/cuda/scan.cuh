#pragma once

#include <lrpp/plugins/mamba/kernels/cuda/scan.h>

#include <algorithm>
#include <lrpp/plugins/mamba/kernels/cuda/device.cuh>

namespace lrpp::mamba::cuda {
namespace {

/// A block does 32 channels, one to a lane, and its warps share the states: S to a thread. Tokens come in
/// tiles through shared memory: there each thread brings four channels of one token, and its part of that
/// token's B and C. The sums over states are put together at the end of a tile.
constexpr int kChannels = 32, kWarps = 4, kThreads = 32 * kWarps, kTile = kThreads / 8;
constexpr float kLog2E = 1.4426950408889634F;

/// How the states are shared.
template <int S>
struct Shape {
  static constexpr int kStates = S * kWarps;
  /// States that a thread brings; of few states, some threads bring none.
  static constexpr int kBrought = S > 2 ? S / 2 : 1;
};

/// What one thread loads of a tile, while the tile before is computed.
template <class T, int S>
struct Loaded {
  bool there;  ///< whether the token is one of the chunk's
  Four<T> lead, dt, z, y;
  T b[Shape<S>::kBrought], c[Shape<S>::kBrought];
};

/// Reads one tile after another, each thread its token's row. Addresses move on by additions: their products
/// would cost as much as a step of the scan.
template <class T, int S, bool kReverse, bool kGated, bool kOutput>
struct Reader {
  static constexpr int kBrought = Shape<S>::kBrought;
  const T *lead, *dt, *z, *y, *b, *c;
  int64_t lead_step, dt_step, z_step, y_step, b_step, c_step;
  int tokens_left;  ///< of the chunk, from this thread's token on, in the direction that time takes
  int channels_left, states_left;
  bool aligned;

  __device__ Reader(const Scan<T>& p, int64_t batch, int64_t token, int64_t channel, int64_t begin,
                    int64_t end, int first_state) {
    const int direction = kReverse ? -kTile : kTile;
    const auto start = [&](const Rows<const T>& rows, int64_t column, int64_t& step) {
      step = rows.token_stride * direction;
      return rows.data == nullptr ? nullptr : rows.row(batch, token) + column;
    };
    lead = start(p.lead, channel, lead_step), dt = start(p.dt, channel, dt_step);
    z = start(p.z, channel, z_step), y = start(p.y, channel, y_step);
    b = start(p.b, first_state, b_step), c = start(p.c, first_state, c_step);
    tokens_left = static_cast<int>(kReverse ? token - begin + 1 : end - token);
    channels_left = static_cast<int>(min(p.channels - channel, int64_t{4}));
    states_left = static_cast<int>(min(p.states, int64_t{Shape<S>::kStates})) - first_state;
    aligned =
        p.lead.aligned && p.dt.aligned && (!kGated || p.z.aligned) && (!kGated || !kReverse || p.y.aligned);
  }

  /// In the first tile of a reversed scan there are tokens after the chunk's end.
  __device__ Loaded<T, S> read(bool inside) {
    Loaded<T, S> in{};
    in.there = inside && tokens_left > 0;
    // What is not there changes nothing: it takes a step of no length.
    in.dt = Four<T>::filled(kGated ? -INFINITY : 0.F);
    if (in.there) {
      if (channels_left > 0) {
        in.lead = load_four(lead, channels_left, aligned);
        in.dt = load_four(dt, channels_left, aligned, kGated ? -INFINITY : 0.F);
        if (kGated && (kReverse || kOutput)) in.z = load_four(z, channels_left, aligned);
        if (kGated && kReverse && kOutput) in.y = load_four(y, channels_left, aligned);
      }
#pragma unroll
      for (int i = 0; i < kBrought; ++i) {
        in.b[i] = i < states_left ? b[i] : T(0.F);
        in.c[i] = i < states_left ? c[i] : T(0.F);
      }
    }
    lead += lead_step, dt += dt_step, b += b_step, c += c_step;
    if (kGated) z += z_step;
    if (kGated && kReverse) y += y_step;
    tokens_left -= kTile;
    return in;
  }
};

/// Where a thread writes its token's row of the tiles.
template <class T, bool kReverse>
struct Writer {
  T* at;
  int64_t step;
  bool aligned;
  __device__ Writer(const Rows<T>& rows, int64_t batch, int64_t token, int64_t channel)
      : at(rows.data == nullptr ? nullptr : rows.row(batch, token) + channel),
        step(rows.token_stride * (kReverse ? -kTile : kTile)),
        aligned(rows.aligned) {}
  __device__ void write(const float (&values)[4], int channels_left, bool there) {
    if (there && channels_left > 0) store_four(at, values, channels_left, aligned);
    at += step;
  }
};

/// N neighbours of shared memory.
template <int N>
__device__ inline void read_shared(const float* at, float (&out)[N]) {
  if constexpr (N % 4 == 0) {
#pragma unroll
    for (int i = 0; i < N; i += 4) {
      const float4 four = *reinterpret_cast<const float4*>(at + i);
      out[i] = four.x, out[i + 1] = four.y, out[i + 2] = four.z, out[i + 3] = four.w;
    }
  } else {
#pragma unroll
    for (int i = 0; i < N; ++i) out[i] = at[i];
  }
}

/// What the threads of a block share of a tile. There are two of it, so that one is filled while the other is
/// read, and a tile takes one barrier.
template <int S>
struct SharedTile {
  static constexpr int kStates = Shape<S>::kStates;
  static constexpr int kInput = 2 * kTile * (kChannels + kStates), kPart = kWarps * kTile * kChannels;

  float *dt, *lead, *b, *c;
  float* part;  ///< [W, kTile, kChannels], each warp's sums over its states

  __device__ SharedTile(float* shared, int which) {
    dt = shared + which * kInput;
    lead = dt + kTile * kChannels;
    b = lead + kTile * kChannels;
    c = b + kTile * kStates;
    part = shared + 2 * kInput + which * kPart;
  }
  /// In bytes, for both; a summary has no sums.
  static constexpr size_t bytes(bool summary) {
    return 2 * static_cast<size_t>(kInput + (summary ? 0 : kPart)) * sizeof(float);
  }
};

/// The place of a thread in a tile.
struct Place {
  int token, column;
  __device__ int at() const { return token * kChannels + column; }
};

/// Puts what a thread has read where all share it, and makes what the gate gets going back, which needs
/// nothing of the scan.
template <class T, int S, bool kReverse, bool kGated>
__device__ inline void fill_tile(const Loaded<T, S>& in, const Place& place, const SharedTile<S>& tile,
                                 float (&gate)[4]) {
  float dt[4], lead[4];
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    const float v = in.lead.get(k), step = in.dt.get(k), z = in.z.get(k);
    dt[k] = kGated ? softplus(step) : step;
    const float half = kReverse && kGated ? 0.5F * v * sigmoid(z) : 0.F;
    lead[k] = !kReverse ? dt[k] * v : kGated ? half * z : v;
    gate[k] = half * in.y.get(k);
  }
  *reinterpret_cast<float4*>(tile.dt + place.at()) = make_float4(dt[0], dt[1], dt[2], dt[3]);
  *reinterpret_cast<float4*>(tile.lead + place.at()) = make_float4(lead[0], lead[1], lead[2], lead[3]);
  constexpr int kStates = Shape<S>::kStates, kBrought = Shape<S>::kBrought;
  const int first = threadIdx.x % 8 * kBrought;
  if (kBrought * 8 == kStates || first < kStates) {
#pragma unroll
    for (int i = 0; i < kBrought; ++i) {
      tile.b[place.token * kStates + first + i] = to_float(in.b[i]);
      tile.c[place.token * kStates + first + i] = to_float(in.c[i]);
    }
  }
}

/// Makes the outputs of a tile from the sums over states: of dt and lead a thread reads what it put there.
template <class T, int S, bool kReverse, bool kGated>
__device__ inline void finish_tile(const Loaded<T, S>& in, const Place& place, const SharedTile<S>& tile,
                                   const float (&d)[4], float (&out)[4], float (&gate)[4]) {
  float sum[4] = {}, part[4];
#pragma unroll
  for (int w = 0; w < kWarps; ++w) {
    read_shared(tile.part + w * kTile * kChannels + place.at(), part);
#pragma unroll
    for (int k = 0; k < 4; ++k) sum[k] += part[k];
  }
  if constexpr (kReverse) {
    float dt[4], lead[4];
    read_shared(tile.dt + place.at(), dt);
    read_shared(tile.lead + place.at(), lead);
#pragma unroll
    for (int k = 0; k < 4; ++k) out[k] = fmaf(dt[k], sum[k], d[k] * lead[k]);
  } else {
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const float z = in.z.get(k);
      out[k] = fmaf(d[k], in.lead.get(k), sum[k]);
      gate[k] = kGated ? out[k] * z * sigmoid(z) : 0.F;
    }
  }
}

/// kSummary: only the state that a chunk ends with, from a zero state, and the sum of its steps.
template <class T, int S, bool kReverse, bool kGated, bool kSummary>
__global__ void __launch_bounds__(kThreads) scan_kernel(const Scan<T> p) {
  extern __shared__ float shared[];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, first_state = warp * S;
  const Place place{static_cast<int>(threadIdx.x) / 8, static_cast<int>(threadIdx.x) % 8 * 4};

  const int64_t batch = blockIdx.z, chunk = blockIdx.y;
  const int64_t begin = chunk * p.chunk_tokens, end = min(p.tokens, begin + p.chunk_tokens);
  const int64_t first_channel = static_cast<int64_t>(blockIdx.x) * kChannels, channel = first_channel + lane;
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
  float steps = 0.F;

  const int tiles = static_cast<int>((end - begin + kTile - 1) / kTile);
  const int64_t token = begin + (kReverse ? (tiles - 1) * kTile : 0) + place.token,
                column = first_channel + place.column;
  Reader<T, S, kReverse, kGated, !kSummary> reader(p, batch, token, column, begin, end,
                                                   static_cast<int>(threadIdx.x) % 8 * Shape<S>::kBrought);
  Writer<T, kReverse> outputs(p.out, batch, token, column), gates(p.gate, batch, token, column);
  const int channels_left = reader.channels_left;
  float d[4] = {};
  if (!kSummary) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < channels_left) d[i] = p.d[column + i];
    }
  }

  float gate[4], out[4];
  Loaded<T, S> in = reader.read(token < end);
  fill_tile<T, S, kReverse, kGated>(in, place, {shared, 0}, gate);
  if (kReverse && kGated && !kSummary) gates.write(gate, channels_left, in.there);
  __syncthreads();
  for (int i = 0; i < tiles; ++i) {
    const SharedTile<S> tile(shared, i % 2);
    const Loaded<T, S> next = reader.read(i + 1 < tiles);

    // All steps of a tile stand in one block of instructions, and the sums wait in registers for its end, so
    // that the compiler may load and raise to powers for later steps while earlier ones are summed.
    float sum[kTile];
#pragma unroll
    for (int k = 0; k < kTile; ++k) {
      const int t = kReverse ? kTile - 1 - k : k;
      const float step = tile.dt[t * kChannels + lane], lead = tile.lead[t * kChannels + lane];
      float b[S], c[S];
      if (!kSummary || !kReverse) read_shared(tile.b + t * Shape<S>::kStates + first_state, b);
      if (!kSummary || kReverse) read_shared(tile.c + t * Shape<S>::kStates + first_state, c);
      sum[t] = 0.F;
#pragma unroll
      for (int s = 0; s < S; ++s) {
        const float decay = exp2_fast(step * a[s]);
        if (kReverse) {
          const float g = fmaf(lead, c[s], state[s]);
          if (!kSummary) sum[t] = fmaf(g, b[s], sum[t]);
          state[s] = decay * g;
        } else {
          state[s] = fmaf(decay, state[s], lead * b[s]);
          if (!kSummary) sum[t] = fmaf(state[s], c[s], sum[t]);
        }
      }
      if (kSummary) steps += step;
    }
    if constexpr (!kSummary) {
#pragma unroll
      for (int t = 0; t < kTile; ++t) tile.part[(warp * kTile + t) * kChannels + lane] = sum[t];
    }
    // Into the other half, which nobody reads any more: all have passed the barrier since.
    if (i + 1 < tiles) {
      fill_tile<T, S, kReverse, kGated>(next, place, {shared, (i + 1) % 2}, gate);
      if (kReverse && kGated && !kSummary) gates.write(gate, channels_left, next.there);
    }
    __syncthreads();
    if constexpr (!kSummary) {
      finish_tile<T, S, kReverse, kGated>(in, place, tile, d, out, gate);
      outputs.write(out, channels_left, in.there);
      if (kGated && !kReverse) gates.write(gate, channels_left, in.there);
    }
    in = next;
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

template <class T, int S, bool kReverse, bool kGated>
void launch_states(const Scan<T>& p, cudaStream_t stream) {
  using Tile = SharedTile<S>;
  const dim3 grid(static_cast<unsigned>((p.channels + kChannels - 1) / kChannels),
                  static_cast<unsigned>(p.chunks), static_cast<unsigned>(p.batch));
  if (p.chunks > 1) {
    scan_kernel<T, S, kReverse, kGated, true><<<grid, kThreads, Tile::bytes(true), stream>>>(p);
    const dim3 carry_grid(static_cast<unsigned>((p.channels + 127) / 128), static_cast<unsigned>(p.states),
                          static_cast<unsigned>(p.batch));
    carry_kernel<T, kReverse><<<carry_grid, 128, 0, stream>>>(p);
  }
  static_assert(Tile::bytes(false) <= 48 * 1024, "more shared memory than a block gets without asking");
  scan_kernel<T, S, kReverse, kGated, false><<<grid, kThreads, Tile::bytes(false), stream>>>(p);
}

template <class T, bool kReverse, bool kGated>
void launch(const Scan<T>& p, cudaStream_t stream) {
  if (p.states <= 4) {
    launch_states<T, 1, kReverse, kGated>(p, stream);
  } else if (p.states <= 8) {
    launch_states<T, 2, kReverse, kGated>(p, stream);
  } else if (p.states <= 16) {
    launch_states<T, 4, kReverse, kGated>(p, stream);
  } else {
    launch_states<T, 16, kReverse, kGated>(p, stream);
  }
}

}  // namespace

/// Nanoseconds that a scan takes in so many chunks, as measured on an H100 with 16 states: a multiprocessor
/// with few blocks waits for itself, and with many it is busy. A cut does everything nearly twice, and the
/// carry goes from chunk to chunk.
inline double estimated_time(int64_t blocks, int64_t tokens, int64_t chunks, int multiprocessors) {
  const auto per_multiprocessor =
      static_cast<double>((blocks * chunks + multiprocessors - 1) / multiprocessors);
  const double token = std::max(44 + 16 * per_multiprocessor, 8 + 30 * per_multiprocessor);
  const double pass = token * static_cast<double>((tokens + chunks - 1) / chunks);
  return chunks == 1 ? pass : 1.8 * pass + 6000 + 700 * static_cast<double>(chunks);
}

template <class T>
void choose_chunks(Scan<T>& p, int multiprocessors) {
  constexpr int64_t kFewest = 64, kMost = 1024, kWhole = 32;  // tokens of a chunk, chunks, whole tiles
  const int64_t blocks = p.batch * ((p.channels + kChannels - 1) / kChannels);
  const auto time = [&](int64_t chunks) { return estimated_time(blocks, p.tokens, chunks, multiprocessors); };
  p.chunks = 1;
  for (int64_t chunks = 2; chunks <= std::min(p.tokens / kFewest, kMost); ++chunks) {
    if (time(chunks) < time(p.chunks)) p.chunks = chunks;
  }
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
