// The scan for one instruction set; see vector.inl for what the including source defines.
//
// Channels lie along the vector. A block of channels keeps its state h [N, block] and its A [N, block] in the
// first-level cache while the tokens stream past; B_t[n] and C_t[n] are broadcast. A is scaled by log2(e)
// once, so that a decay is 2^(dt A): one rounding of A more than exp(dt A), which is as large as the rounding
// of the product dt A itself.

#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_block.inl>

namespace lrpp::mamba::cpu::LRPP_CPU_TARGET {
namespace {

/// How many tokens ahead rows are prefetched: some hundred nanoseconds of work.
constexpr int64_t kAhead = 2;

// What the gated scans add to a row. Loops of their own, never inlined: within the scan's loop their
// constants would push its own out of the registers.

/// dt = softplus(raw_dt) of the block's channels, [width].
template <class Scalar>
__attribute__((noinline)) void softplus_row(const Scalar* raw_dt, Scalar* dt, int64_t count) {
  for (int64_t e = 0; e < count; e += kLanes<Scalar>) {
    store(dt + e, softplus_vector<Scalar>(load(raw_dt + e, count - e)));
  }
}

/// gated = y silu(z).
template <class Scalar>
__attribute__((noinline)) void gate_row(const Scalar* y, const Scalar* z_row, Scalar* gated, int64_t count) {
  for (int64_t e = 0; e < count; e += kLanes<Scalar>) {
    const int64_t left = count - e;
    const Vector<Scalar> z = load(z_row + e, left);
    store(gated + e, load(y + e, left) * (z * sigmoid_vector<Scalar>(z)), left);
  }
}

/// The gate's branches get half of its multiplier m each, with SiLU's factor held: m_y = m silu(z) / 2,
/// [width], and out_z = m y sigmoid(z) / 2.
template <class Scalar>
__attribute__((noinline)) void halve_row(const Scalar* m, const Scalar* y, const Scalar* z_row, Scalar* m_y,
                                         Scalar* out_z, int64_t count) {
  for (int64_t e = 0; e < count; e += kLanes<Scalar>) {
    const int64_t left = count - e;
    const Vector<Scalar> z = load(z_row + e, left);
    const Vector<Scalar> half = Scalar(0.5) * load(m + e, left) * sigmoid_vector<Scalar>(z);
    store(out_z + e, half * load(y + e, left), left);
    store(m_y + e, half * z);
  }
}

/// kGated: dt is softplus(raw_dt), and `gated` gets y silu(z).
template <class Scalar, bool kGated>
void forward(const ScanProblem<Scalar>& p, int64_t begin, int64_t end, Scalar* workspace) {
  using V = Vector<Scalar>;
  for (int64_t item = begin; item < end; ++item) {
    const Block<Scalar> k = enter_block(p, item, workspace);
    for (int64_t t = 0; t < p.tokens; ++t) {
      if (t + kAhead < p.tokens) {
        prefetch_row(p.x, k, t + kAhead);
        prefetch_row(p.dt, k, t + kAhead);
        if constexpr (kGated) prefetch_row(p.z, k, t + kAhead);
      }
      const Scalar *x_row = row(p.x, k, t) + k.first, *dt_row = row(p.dt, k, t) + k.first;
      const Scalar *b_row = row(p.b, k, t), *c_row = row(p.c, k, t);
      Scalar* y_row = row(p.out, p, k, t);
      if constexpr (kGated) {
        softplus_row(dt_row, k.rest, k.count);
        dt_row = k.rest;
      }
      for (int64_t e = 0; e < k.width; e += kLanes<Scalar>) {
        const int64_t left = k.count - e;
        const V x = load(x_row + e, left), dt = load(dt_row + e, left), dt_x = dt * x;
        V y = load(p.d + k.first + e, left) * x;
        LRPP_CPU_UNROLL
        for (int64_t n = 0; n < p.states; ++n) {
          const int64_t at = n * k.width + e;
          const V h = exp2_vector<Scalar>(dt * load(k.a + at)) * load(k.state + at) + dt_x * b_row[n];
          store(k.state + at, h);
          y += h * c_row[n];
        }
        store(y_row + e, y, left);
      }
      if constexpr (kGated) gate_row(y_row, row(p.z, k, t) + k.first, row(p.gated, p, k, t), k.count);
    }
  }
}

/// kGated: dt is softplus(raw_dt), m is the multiplier of y silu(z), and `out_z` gets that of z.
template <class Scalar, bool kGated>
void relevance(const ScanProblem<Scalar>& p, int64_t begin, int64_t end, Scalar* workspace) {
  using V = Vector<Scalar>;
  for (int64_t item = begin; item < end; ++item) {
    const Block<Scalar> k = enter_block(p, item, workspace);
    for (int64_t t = p.tokens; t-- > 0;) {
      if (t >= kAhead) {
        prefetch_row(p.m, k, t - kAhead);
        prefetch_row(p.dt, k, t - kAhead);
        if constexpr (kGated) {
          prefetch_row(p.y, k, t - kAhead);
          prefetch_row(p.z, k, t - kAhead);
        }
      }
      const Scalar *m_row = row(p.m, k, t) + k.first, *dt_row = row(p.dt, k, t) + k.first;
      const Scalar *b_row = row(p.b, k, t), *c_row = row(p.c, k, t);
      Scalar* dx_row = row(p.out, p, k, t);
      if constexpr (kGated) {
        Scalar *dt = k.rest, *m_y = dt + k.width;
        softplus_row(dt_row, dt, k.count);
        halve_row(m_row, row(p.y, k, t) + k.first, row(p.z, k, t) + k.first, m_y,
                  row(p.out_z, k, t) + k.first, k.count);
        dt_row = dt;
        m_row = m_y;
      }
      for (int64_t e = 0; e < k.width; e += kLanes<Scalar>) {
        const int64_t left = k.count - e;
        const V m = load(m_row + e, left), dt = load(dt_row + e, left);
        V sum = {};
        // The state holds exp(dt_{t+1} A) g_{t+1}: the decay is applied as soon as g is known, with this
        // token's dt.
        LRPP_CPU_UNROLL
        for (int64_t n = 0; n < p.states; ++n) {
          const int64_t at = n * k.width + e;
          const V g = load(k.state + at) + m * c_row[n];
          sum += g * b_row[n];
          store(k.state + at, exp2_vector<Scalar>(dt * load(k.a + at)) * g);
        }
        store(dx_row + e, dt * sum + load(p.d + k.first + e, left) * m, left);
      }
    }
  }
}

/// One chunk of tokens of `vjp`: the states before, between and after them, and their decays.
template <class Scalar>
struct Chunk {
  Scalar* states;  ///< [kVjpChunk + 1, N, width]
  Scalar* decays;  ///< [kVjpChunk, N, width]
};

/// after = decay * before + dt_t x_t B_t, all [N, width]; the decay is stored if `decay` is not null. In
/// place if before == after.
template <class Scalar>
LRPP_CPU_INLINE void advance(const ScanProblem<Scalar>& p, const Block<Scalar>& k, int64_t t,
                             const Scalar* before, Scalar* after, Scalar* decay) {
  using V = Vector<Scalar>;
  const Scalar *x_row = row(p.x, k, t) + k.first, *dt_row = row(p.dt, k, t) + k.first,
               *b_row = row(p.b, k, t);
  for (int64_t e = 0; e < k.width; e += kLanes<Scalar>) {
    const int64_t left = k.count - e;
    const V dt = load(dt_row + e, left), dt_x = dt * load(x_row + e, left);
    LRPP_CPU_UNROLL
    for (int64_t n = 0; n < p.states; ++n) {
      const int64_t at = n * k.width + e;
      const V factor = exp2_vector<Scalar>(dt * load(k.a + at));
      if (decay != nullptr) store(decay + at, factor);
      store(after + at, factor * load(before + at) + dt_x * b_row[n]);
    }
  }
}

/// The step of `vjp` at token t, the s-th of its chunk. k.state holds exp(dt_{t+1} A) g_{t+1}; `sums` is [2,
/// N] vectors.
template <class Scalar>
LRPP_CPU_INLINE void retreat(const ScanProblem<Scalar>& p, const Block<Scalar>& k, int64_t t, int64_t s,
                             const Chunk<Scalar>& chunk, Scalar* sums) {
  using V = Vector<Scalar>;
  constexpr int64_t L = kLanes<Scalar>;
  constexpr Scalar kLog2 = static_cast<Scalar>(0.69314718055994530942);
  const Scalar *x_row = row(p.x, k, t) + k.first, *dt_row = row(p.dt, k, t) + k.first;
  const Scalar *m_row = row(p.m, k, t) + k.first, *b_row = row(p.b, k, t), *c_row = row(p.c, k, t);
  Scalar *dx_row = row(p.out, p, k, t), *ddt_row = row(p.ddt, p, k, t);
  const Scalar *before = chunk.states + s * p.states * k.width, *after = before + p.states * k.width;
  const Scalar* decay = chunk.decays + s * p.states * k.width;
  for (int64_t i = 0; i < 2 * p.states; ++i) store(sums + i * L, V{});
  for (int64_t e = 0; e < k.width; e += L) {
    const int64_t left = k.count - e;
    const V x = load(x_row + e, left), dt = load(dt_row + e, left), m = load(m_row + e, left), dt_x = dt * x;
    V by_input = {}, by_decay = {};
    for (int64_t n = 0; n < p.states; ++n) {
      const int64_t at = n * k.width + e;
      Scalar *db = sums + n * L, *dc = db + p.states * L;
      const V g = load(k.state + at) + m * c_row[n], decayed = g * load(decay + at);
      store(k.state + at, decayed);
      store(db, load(db) + g * dt_x);
      store(dc, load(dc) + m * load(after + at));
      by_input += g * b_row[n];
      by_decay += decayed * load(before + at) * load(k.a + at);
    }
    store(dx_row + e, dt * by_input + load(p.d + k.first + e, left) * m, left);
    store(ddt_row + e, by_decay * kLog2 + x * by_input, left);
  }
}

template <class Scalar>
void vjp(const ScanProblem<Scalar>& p, int64_t begin, int64_t end, Scalar* workspace) {
  for (int64_t item = begin; item < end; ++item) {
    const Block<Scalar> k = enter_block(p, item, workspace);
    const int64_t size = p.states * k.width, chunks = (p.tokens + kVjpChunk - 1) / kVjpChunk;
    const Chunk<Scalar> chunk = {k.rest, k.rest + (kVjpChunk + 1) * size};
    Scalar* sums = chunk.decays + kVjpChunk * size;
    // The state before each chunk, [chunks, N, width].
    Scalar* checkpoints = sums + 2 * p.states * kLanes<Scalar>;
    for (int64_t i = 0; i < size; ++i) checkpoints[i] = 0;
    for (int64_t c = 1; c < chunks; ++c) {
      Scalar* next = checkpoints + c * size;
      const int64_t first = (c - 1) * kVjpChunk;
      advance<Scalar>(p, k, first, next - size, next, nullptr);
      for (int64_t t = first + 1; t < first + kVjpChunk; ++t) advance<Scalar>(p, k, t, next, next, nullptr);
    }
    for (int64_t c = chunks; c-- > 0;) {
      const int64_t first = c * kVjpChunk;
      const int64_t length = p.tokens - first < kVjpChunk ? p.tokens - first : kVjpChunk;
      __builtin_memcpy(chunk.states, checkpoints + c * size, size * sizeof(Scalar));
      for (int64_t s = 0; s < length; ++s) {
        Scalar* before = chunk.states + s * size;
        advance(p, k, first + s, before, before + size, chunk.decays + s * size);
      }
      for (int64_t s = length; s-- > 0;) {
        retreat(p, k, first + s, s, chunk, sums);
        Scalar* partial = p.partial + (item * p.tokens + first + s) * 2 * p.states;
        for (int64_t i = 0; i < 2 * p.states; ++i) {
          partial[i] = sum_lanes<LRPP_CPU_VECTOR_BYTES, Scalar>(load(sums + i * kLanes<Scalar>));
        }
      }
    }
  }
}

template <class Scalar>
void softplus(const Scalar* in, Scalar* out, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes<Scalar>) {
    store(out + i, softplus_vector<Scalar>(load(in + i, count - i)), count - i);
  }
}

template <class Scalar>
void exp2(const Scalar* in, Scalar* out, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes<Scalar>) {
    store(out + i, exp2_vector<Scalar>(load(in + i, count - i)), count - i);
  }
}

template <class Scalar>
constexpr ScanKernels<Scalar> scan_kernels() {
  return {forward<Scalar, false>,
          relevance<Scalar, false>,
          forward<Scalar, true>,
          relevance<Scalar, true>,
          vjp<Scalar>,
          exp2<Scalar>,
          softplus<Scalar>,
          kLanes<Scalar>};
}

}  // namespace

extern const ScanKernels<float> float_scan_kernels;
extern const ScanKernels<double> double_scan_kernels;
const ScanKernels<float> float_scan_kernels = scan_kernels<float>();
const ScanKernels<double> double_scan_kernels = scan_kernels<double>();

}  // namespace lrpp::mamba::cpu::LRPP_CPU_TARGET
