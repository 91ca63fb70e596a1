#pragma once

#include <algorithm>
#include <cmath>
#include <cuda/atomic>
#include <lrpp/plugins/mamba/kernels/cuda/scan_tile.cuh>

namespace lrpp::mamba::cuda {
namespace {

/// Tiles that are on their way while one is computed.
constexpr int kAhead = 2;

/// For which the compiler finds registers: with fewer it orders steps so that they wait for each other.
constexpr int kBlocksTogether = 4;

/// A thread's channel and states: the same in all chunks.
template <class K>
struct Mine {
  int64_t first_channel, channel, batch;
  int first_state;
  float a[K::S];  ///< times log2(e)
  float state[K::S] = {};

  __device__ Mine(const Scan<typename K::T>& p, int64_t block, int64_t example)
      : first_channel(block * kChannels),
        channel(first_channel + threadIdx.x % 32),
        batch(example),
        first_state(static_cast<int>(threadIdx.x) / 32 * K::S) {
#pragma unroll
    for (int s = 0; s < K::S; ++s)
      a[s] = there(p, s) ? p.a[channel * p.states + first_state + s] * kLog2E : 0.F;
  }
  __device__ bool there(const Scan<typename K::T>& p, int s) const {
    return K::kWhole || (channel < p.channels && first_state + s < p.states);
  }
};

/// Scans a chunk from the state that the thread holds, and leaves there the state that it ends with; returns
/// the sum of its steps. Without kOutput that is all: a summary.
template <class K, bool kOutput>
__device__ float scan_chunk(const Scan<typename K::T>& p, Mine<K>& mine, int64_t chunk) {
  extern __shared__ float shared[];
  constexpr int S = K::S;
  constexpr bool kReverse = K::kReverse;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const Place place{static_cast<int>(threadIdx.x) / 8, static_cast<int>(threadIdx.x) % 8 * 4};
  const int64_t begin = chunk * p.chunk_tokens, end = min(p.tokens, begin + p.chunk_tokens);
  const int tiles = static_cast<int>((end - begin + kTile - 1) / kTile);
  const int64_t token = begin + (kReverse ? (tiles - 1) * kTile : 0) + place.token,
                column = mine.first_channel + place.column;
  Reader<K, kOutput> reader(p, mine.batch, token, column, begin, end,
                            static_cast<int>(threadIdx.x) % 8 * K::kBrought);
  Writer<K> outputs(p.out, mine.batch, token, column), gates(p.gate, mine.batch, token, column);
  const int channels_left = reader.channels_left;
  float d[4] = {};
  if (kOutput) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (i < channels_left) d[i] = p.d[column + i];
    }
  }

  float gate[4], out[4], steps = 0.F;
  Loaded<K> in = reader.read(token < end), ahead[kAhead];
  fill_tile<K>(in, place, {shared, 0}, gate);
  if (kReverse && K::kGated && kOutput) gates.write(gate, channels_left, in.there);
#pragma unroll
  for (int i = 0; i + 1 < kAhead; ++i) ahead[i] = reader.read(i + 1 < tiles);
  __syncthreads();
  for (int i = 0; i < tiles; ++i) {
    const SharedTile<K> tile(shared, i % 2);
    ahead[kAhead - 1] = reader.read(i + kAhead < tiles);

    // All steps of a tile stand in one block of instructions, and the sums wait in registers for its end, so
    // that the compiler may load and raise to powers for later steps while earlier ones are summed.
    float sum[kTile];
#pragma unroll
    for (int k = 0; k < kTile; ++k) {
      const int t = kReverse ? kTile - 1 - k : k;
      const float2 both = tile.steps[t * kChannels + lane];
      const float step = both.x, lead = both.y;
      float b[S], c[S];
      if (kOutput || !kReverse) read_shared(tile.b + t * K::kStates + mine.first_state, b);
      if (kOutput || kReverse) read_shared(tile.c + t * K::kStates + mine.first_state, c);
      sum[t] = 0.F;
#pragma unroll
      for (int s = 0; s < S; ++s) {
        const float decay = exp2_fast(step * mine.a[s]);
        float& state = mine.state[s];
        if (kReverse) {
          const float g = fmaf(lead, c[s], state);
          if (kOutput) sum[t] = fmaf(g, b[s], sum[t]);
          state = decay * g;
        } else {
          state = fmaf(decay, state, lead * b[s]);
          if (kOutput) sum[t] = fmaf(state, c[s], sum[t]);
        }
      }
      if (!kOutput) steps += step;
    }
    if constexpr (kOutput) {
#pragma unroll
      for (int t = 0; t < kTile; ++t) tile.part[(warp * kTile + t) * kChannels + lane] = sum[t];
    }
    // Into the other half, which nobody reads any more: all have passed the barrier since.
    const Loaded<K> next = ahead[0];
    if (i + 1 < tiles) {
      fill_tile<K>(next, place, {shared, (i + 1) % 2}, gate);
      if (kReverse && K::kGated && kOutput) gates.write(gate, channels_left, next.there);
    }
    __syncthreads();
    if constexpr (kOutput) {
      finish_tile<K>(in, place, tile, d, out, gate);
      outputs.write(out, channels_left, in.there);
      if (K::kGated && !kReverse) gates.write(gate, channels_left, in.there);
    }
    in = next;
#pragma unroll
    for (int j = 0; j + 1 < kAhead; ++j) ahead[j] = ahead[j + 1];
  }
  return steps;
}

/// Tokens in one piece: a block for its channels of each example.
template <class K>
__global__ void __launch_bounds__(kThreads, kBlocksTogether) scan_kernel(const Scan<typename K::T> p) {
  Mine<K> mine(p, blockIdx.x, blockIdx.y);
  scan_chunk<K, true>(p, mine, 0);
}

/// Tokens cut into chunks. Of the chunk that time begins with, and of those between it and the last, the end
/// is made first: of the first by its scan, of the others by a summary, from a zero state. Then each chunk
/// but the first is scanned, from the state that those before it lead to. Blocks take their work in that
/// order by a ticket, and only work of the second kind waits, for work of the first kind, which whoever waits
/// has seen started: so it ends.
template <class K>
__global__ void __launch_bounds__(kThreads, kBlocksTogether) scan_chunks_kernel(const Scan<typename K::T> p) {
  using Flag = ::cuda::atomic_ref<int, ::cuda::thread_scope_device>;
  __shared__ int ticket;
  if (threadIdx.x == 0) ticket = Flag(*p.tickets).fetch_add(1, ::cuda::memory_order_relaxed);
  __syncthreads();
  const int64_t blocks = (p.channels + kChannels - 1) / kChannels, columns = blocks * p.batch,
                ends = columns * (p.chunks - 1), index = ticket % ends, column = index % columns;
  const bool makes_end = ticket < ends;
  const int position = static_cast<int>(index / columns) + (makes_end ? 0 : 1);  // in time
  const int64_t chunk = K::kReverse ? p.chunks - 1 - position : position;
  Mine<K> mine(p, column % blocks, column / blocks);
  int* const flags = p.tickets + 1 + column * p.chunks;

  const auto steps_at = [&](int at) {
    return p.steps + (mine.batch * p.chunks + at) * p.channels + mine.channel;
  };
  const auto end_at = [&](int at, int s) {
    return p.ends + ((mine.batch * p.chunks + at) * p.states + mine.first_state + s) * p.channels +
           mine.channel;
  };
  if (makes_end) {
    float steps = 0.F;
    if (position == 0) {
      scan_chunk<K, true>(p, mine, chunk);
    } else {
      steps = scan_chunk<K, false>(p, mine, chunk);
    }
#pragma unroll
    for (int s = 0; s < K::S; ++s) {
      if (mine.there(p, s)) *end_at(position, s) = mine.state[s];
    }
    if (threadIdx.x < 32 && mine.there(p, 0)) *steps_at(position) = steps;
    __syncthreads();
    if (threadIdx.x == 0) Flag(flags[position]).store(1, ::cuda::memory_order_release);
    return;
  }
  if (static_cast<int>(threadIdx.x) < position) {
    while (Flag(flags[threadIdx.x]).load(::cuda::memory_order_acquire) == 0) __nanosleep(100);
  }
  __syncthreads();
  for (int at = 0; at < position; ++at) {
    const float steps = mine.there(p, 0) ? __ldcg(steps_at(at)) : 0.F;
#pragma unroll
    for (int s = 0; s < K::S; ++s) {
      const float end = mine.there(p, s) ? __ldcg(end_at(at, s)) : 0.F;
      mine.state[s] = fmaf(exp2_fast(steps * mine.a[s]), mine.state[s], end);
    }
  }
  scan_chunk<K, true>(p, mine, chunk);
}

template <class K>
void launch_kind(const Scan<typename K::T>& p, cudaStream_t stream) {
  static_assert(SharedTile<K>::bytes <= 48 * 1024, "more shared memory than a block gets without asking");
  if (p.chunks == 1) {
    const dim3 grid(static_cast<unsigned>(p.blocks()), static_cast<unsigned>(p.batch));
    scan_kernel<K><<<grid, kThreads, SharedTile<K>::bytes, stream>>>(p);
  } else {
    const auto work = static_cast<unsigned>(2 * (p.chunks - 1) * p.columns());
    scan_chunks_kernel<K><<<work, kThreads, SharedTile<K>::bytes, stream>>>(p);
  }
}

template <class T, bool kReverse, bool kGated>
void launch(const Scan<T>& p, cudaStream_t stream) {
  if (p.states <= 4) {
    launch_kind<Kind<T, 1, kReverse, kGated, false>>(p, stream);
  } else if (p.states <= 8) {
    launch_kind<Kind<T, 2, kReverse, kGated, false>>(p, stream);
  } else if (p.states == 16 && p.channels % kChannels == 0 && p.aligned()) {
    launch_kind<Kind<T, 4, kReverse, kGated, true>>(p, stream);
  } else if (p.states <= 16) {
    launch_kind<Kind<T, 4, kReverse, kGated, false>>(p, stream);
  } else {
    launch_kind<Kind<T, 16, kReverse, kGated, false>>(p, stream);
  }
}

}  // namespace

/// Nanoseconds that a scan of `blocks` of channels takes in chunks of so many tokens, as measured on an H200
/// with 16 states. A multiprocessor with few blocks waits for itself, and with many it is busy; cut, about
/// everything is done twice.
inline double estimated_time(int64_t blocks, int64_t chunks, int64_t chunk_tokens, int multiprocessors) {
  const auto length = static_cast<double>(chunk_tokens);
  if (chunks == 1) {
    const auto busy = static_cast<double>((blocks + multiprocessors - 1) / multiprocessors);
    return length * std::max(44 + 13 * busy, 33 * busy);
  }
  const double busy = static_cast<double>(blocks * (chunks - 1)) / multiprocessors;
  return 1.8 * length * std::max(std::min(60 + 30 * busy, 140.0), 32.5 * busy) + 12000;
}

template <class T>
void choose_chunks(Scan<T>& p, int multiprocessors) {
  constexpr int64_t kFewest = 64, kWhole = 32;  // tokens of a chunk, whole tiles
  constexpr int64_t kMost = 64;                 // chunks: a thread of a block waits for each
  static_assert(kMost <= kThreads);
  const int64_t wholes = (p.tokens + kWhole - 1) / kWhole;
  double least = INFINITY;
  for (int64_t cut = 1; cut == 1 || cut <= std::min(p.tokens / kFewest, kMost); ++cut) {
    const int64_t tokens = (wholes + cut - 1) / cut * kWhole, chunks = (p.tokens + tokens - 1) / tokens;
    const double time = estimated_time(p.columns(), chunks, chunks == 1 ? p.tokens : tokens, multiprocessors);
    if (time < least) least = time, p.chunks = chunks, p.chunk_tokens = tokens;
  }
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
