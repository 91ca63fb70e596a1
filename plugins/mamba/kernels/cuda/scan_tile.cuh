#pragma once

#include <lrpp/plugins/mamba/kernels/cuda/scan.h>

#include <lrpp/plugins/mamba/kernels/cuda/device.cuh>

/// How tiles of tokens come into a multiprocessor for the scan, and how they leave it.
namespace lrpp::mamba::cuda {
namespace {

/// A block's channels are one to a lane, and its warps share the states: S to a thread. Tokens come in
/// tiles through shared memory: there each thread brings four channels of one token, and its part of that
/// token's B and C. The sums over states are put together at the end of a tile.
constexpr int kWarps = 4, kThreads = 32 * kWarps, kTile = kThreads / 8;

/// What a scan is compiled for.
template <class T_, int S_, bool kReverse_, bool kGated_, bool kWhole_>
struct Kind {
  using T = T_;
  static constexpr int S = S_;
  static constexpr bool kReverse = kReverse_, kGated = kGated_;
  /// No channel and no state sticks out of the blocks, and all rows may be read several neighbours at a time:
  /// nothing is asked on the way.
  static constexpr bool kWhole = kWhole_;
  static constexpr int kStates = S * kWarps;
  /// States that a thread brings; of few states, some threads bring none.
  static constexpr int kBrought = S > 2 ? S / 2 : 1;
};

/// Neighbours that are read at once where they may be.
template <class T, int N>
struct alignas(N * sizeof(T) < 16 ? N * sizeof(T) : 16) Neighbours {
  T v[N];
};

/// What one thread loads of a tile, while tiles before are computed.
template <class K>
struct Loaded {
  bool there;  ///< whether the token is one of the chunk's
  Four<typename K::T> lead, dt, z, y;
  Neighbours<typename K::T, K::kBrought> b, c;
};

/// Reads one tile after another, each thread its token's row. Addresses move on by additions: their products
/// would cost as much as a step of the scan.
template <class K, bool kOutput>
struct Reader {
  using T = typename K::T;
  static constexpr int kBrought = K::kBrought;
  static constexpr bool kNeedsZ = K::kGated && (K::kReverse || kOutput),
                        kNeedsY = K::kGated && K::kReverse && kOutput;
  const T *lead, *dt, *z, *y, *b, *c;
  int64_t lead_step, dt_step, z_step, y_step, b_step, c_step;
  int tokens_left;  ///< of the chunk, from this thread's token on, in the direction that time takes
  int channels_left, states_left;
  bool aligned;

  __device__ Reader(const Scan<T>& p, int64_t batch, int64_t token, int64_t channel, int64_t begin,
                    int64_t end, int first_state) {
    const int direction = K::kReverse ? -kTile : kTile;
    const auto start = [&](const Rows<const T>& rows, int64_t column, int64_t& step) {
      step = rows.token_stride * direction;
      return rows.data == nullptr ? nullptr : rows.row(batch, token) + column;
    };
    lead = start(p.lead, channel, lead_step), dt = start(p.dt, channel, dt_step);
    z = start(p.z, channel, z_step), y = start(p.y, channel, y_step);
    b = start(p.b, first_state, b_step), c = start(p.c, first_state, c_step);
    tokens_left = static_cast<int>(K::kReverse ? token - begin + 1 : end - token);
    channels_left = K::kWhole ? 4 : static_cast<int>(min(p.channels - channel, int64_t{4}));
    states_left = K::kWhole ? kBrought : static_cast<int>(min(p.states, int64_t{K::kStates})) - first_state;
    aligned = K::kWhole || p.channels_aligned();
  }

  /// In the first tile of a reversed scan there are tokens after the chunk's end.
  __device__ Loaded<K> read(bool inside) {
    Loaded<K> in{};
    in.there = inside && tokens_left > 0;
    // What is not there changes nothing: it takes a step of no length.
    constexpr float kNoStep = K::kGated ? -INFINITY : 0.F;
    in.dt = Four<T>::filled(kNoStep);
    if (in.there) {
      if (channels_left > 0) {
        in.lead = load_four(lead, channels_left, aligned);
        in.dt = load_four(dt, channels_left, aligned, kNoStep);
        if (kNeedsZ) in.z = load_four(z, channels_left, aligned);
        if (kNeedsY) in.y = load_four(y, channels_left, aligned);
      }
      in.b = states(b);
      in.c = states(c);
    }
    lead += lead_step, dt += dt_step, b += b_step, c += c_step;
    if (kNeedsZ) z += z_step;
    if (kNeedsY) y += y_step;
    tokens_left -= kTile;
    return in;
  }

 private:
  __device__ Neighbours<T, kBrought> states(const T* at) const {
    if constexpr (K::kWhole) {
      return *reinterpret_cast<const Neighbours<T, kBrought>*>(at);
    } else {
      Neighbours<T, kBrought> out;
#pragma unroll
      for (int i = 0; i < kBrought; ++i) out.v[i] = i < states_left ? at[i] : T(0.F);
      return out;
    }
  }
};

/// Where a thread writes its token's row of the tiles.
template <class K>
struct Writer {
  using T = typename K::T;
  T* at;
  int64_t step;
  bool aligned;
  __device__ Writer(const Rows<T>& rows, int64_t batch, int64_t token, int64_t channel)
      : at(rows.data == nullptr ? nullptr : rows.row(batch, token) + channel),
        step(rows.token_stride * (K::kReverse ? -kTile : kTile)),
        aligned(K::kWhole || rows.aligned) {}
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
template <class K>
struct SharedTile {
  static constexpr int kInput = 2 * kTile * (kChannels + K::kStates), kPart = kWarps * kTile * kChannels;

  float2* steps;  ///< [kTile, kChannels], dt and lead
  float *b, *c;   ///< [kTile, kStates]
  float* part;    ///< [W, kTile, kChannels], each warp's sums over its states

  __device__ SharedTile(float* shared, int which) {
    steps = reinterpret_cast<float2*>(shared + which * kInput);
    b = shared + which * kInput + 2 * kTile * kChannels;
    c = b + kTile * K::kStates;
    part = shared + 2 * kInput + which * kPart;
  }
  /// In bytes, for both.
  static constexpr size_t bytes = 2 * static_cast<size_t>(kInput + kPart) * sizeof(float);
};

/// The place of a thread in a tile.
struct Place {
  int token, column;
  __device__ int at() const { return token * kChannels + column; }
};

/// Puts what a thread has read where all share it, and makes what the gate gets going back, which needs
/// nothing of the scan.
template <class K>
__device__ inline void fill_tile(const Loaded<K>& in, const Place& place, const SharedTile<K>& tile,
                                 float (&gate)[4]) {
  float dt[4], lead[4];
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    const float v = in.lead.get(k), step = in.dt.get(k), z = in.z.get(k);
    dt[k] = K::kGated ? softplus(step) : step;
    const float half = K::kReverse && K::kGated ? 0.5F * v * sigmoid(z) : 0.F;
    lead[k] = !K::kReverse ? dt[k] * v : K::kGated ? half * z : v;
    gate[k] = half * in.y.get(k);
  }
  auto* const pairs = reinterpret_cast<float4*>(tile.steps + place.at());
  pairs[0] = make_float4(dt[0], lead[0], dt[1], lead[1]);
  pairs[1] = make_float4(dt[2], lead[2], dt[3], lead[3]);
  const int first = threadIdx.x % 8 * K::kBrought;
  if (K::kBrought * 8 == K::kStates || first < K::kStates) {
#pragma unroll
    for (int i = 0; i < K::kBrought; ++i) {
      tile.b[place.token * K::kStates + first + i] = to_float(in.b.v[i]);
      tile.c[place.token * K::kStates + first + i] = to_float(in.c.v[i]);
    }
  }
}

/// Makes the outputs of a tile from the sums over states: of dt and lead a thread reads what it put there.
template <class K>
__device__ inline void finish_tile(const Loaded<K>& in, const Place& place, const SharedTile<K>& tile,
                                   const float (&d)[4], float (&out)[4], float (&gate)[4]) {
  float sum[4] = {}, part[4];
#pragma unroll
  for (int w = 0; w < kWarps; ++w) {
    read_shared(tile.part + w * kTile * kChannels + place.at(), part);
#pragma unroll
    for (int k = 0; k < 4; ++k) sum[k] += part[k];
  }
  if constexpr (K::kReverse) {
    float pairs[8];  // of dt and lead
    read_shared(reinterpret_cast<const float*>(tile.steps + place.at()), pairs);
#pragma unroll
    for (int k = 0; k < 4; ++k) out[k] = fmaf(pairs[2 * k], sum[k], d[k] * pairs[2 * k + 1]);
  } else {
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const float z = in.z.get(k);
      out[k] = fmaf(d[k], in.lead.get(k), sum[k]);
      gate[k] = K::kGated ? out[k] * z * sigmoid(z) : 0.F;
    }
  }
}

}  // namespace
}  // namespace lrpp::mamba::cuda
