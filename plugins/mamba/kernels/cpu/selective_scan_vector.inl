// Vectors, 2^y and blocks for the instruction set that the including source chose; see
// selective_scan_kernel.inl.

#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_cpu.h>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_layout.h>

#define LRPP_SCAN_INLINE inline __attribute__((always_inline))
#define LRPP_SCAN_UNROLL _Pragma("GCC unroll 4")

namespace lrpp::mamba::cpu::LRPP_SCAN_TARGET {
namespace {

template <class Scalar>
struct Traits;

template <>
struct Traits<float> {
  typedef float Vector __attribute__((vector_size(LRPP_SCAN_VECTOR_BYTES)));
  typedef int32_t IntegerVector __attribute__((vector_size(LRPP_SCAN_VECTOR_BYTES)));
  static constexpr int kMantissaBits = 23;
  static constexpr float kBias = 127;
  /// 1.5 * 2^23 + 127: adding it rounds to an integer, whose biased exponent is then in the low bits.
  static constexpr float kRound = 12582912.0F + 127.0F;
};

template <>
struct Traits<double> {
  typedef double Vector __attribute__((vector_size(LRPP_SCAN_VECTOR_BYTES)));
  typedef int64_t IntegerVector __attribute__((vector_size(LRPP_SCAN_VECTOR_BYTES)));
  static constexpr int kMantissaBits = 52;
  static constexpr double kBias = 1023;
  static constexpr double kRound = 6755399441055744.0 + 1023.0;
};

template <class Scalar>
using Vector = typename Traits<Scalar>::Vector;

template <class Scalar>
constexpr int64_t kLanes = LRPP_SCAN_VECTOR_BYTES / sizeof(Scalar);

template <class Scalar>
LRPP_SCAN_INLINE Vector<Scalar> load(const Scalar* from) {
  Vector<Scalar> v;
  __builtin_memcpy(&v, from, sizeof(v));
  return v;
}

template <class Scalar>
LRPP_SCAN_INLINE void store(Scalar* to, Vector<Scalar> v) {
  __builtin_memcpy(to, &v, sizeof(v));
}

/// The first `count` lanes (all, if count is larger; none, if it is negative); the others are zero.
template <class Scalar>
LRPP_SCAN_INLINE Vector<Scalar> load(const Scalar* from, int64_t count) {
  if (count >= kLanes<Scalar>) return load(from);
  Vector<Scalar> v = {};
  if (count > 0) __builtin_memcpy(&v, from, count * sizeof(Scalar));
  return v;
}

template <class Scalar>
LRPP_SCAN_INLINE void store(Scalar* to, Vector<Scalar> v, int64_t count) {
  if (count >= kLanes<Scalar>) {
    store(to, v);
  } else if (count > 0) {
    __builtin_memcpy(to, &v, count * sizeof(Scalar));
  }
}

/// v clamped to [low, high]; NaN stays NaN. Written so that compilers see x86's max and min.
template <class Scalar>
LRPP_SCAN_INLINE Vector<Scalar> clamp(Vector<Scalar> v, Scalar low, Scalar high) {
  const Vector<Scalar> lows = low - Vector<Scalar>{}, highs = high - Vector<Scalar>{};
  v = lows > v ? lows : v;
  return highs < v ? highs : v;
}

/// 2^r on [-1/2, 1/2] as 1 + r q(r): minimax in relative error among polynomials that are exactly 1 at 0, so
/// that slow decays do not drift over long sequences. Relative error 2.0e-9 (float), 3.4e-18 (double) before
/// rounding.
LRPP_SCAN_INLINE Vector<float> exp2_polynomial(Vector<float> r) {
  Vector<float> p = r * 0.00015353362F + 0.0013398874F;
  p = p * r + 0.0096184374F;
  p = p * r + 0.055503325F;
  p = p * r + 0.24022648F;
  p = p * r + 0.69314720F;
  return p * r + 1.0F;
}

LRPP_SCAN_INLINE Vector<double> exp2_polynomial(Vector<double> r) {
  Vector<double> p = r * 4.4347712982003767e-10 + 7.0737832485031333e-9;
  p = p * r + 1.0178199571842138e-7;
  p = p * r + 1.3215435282308488e-6;
  p = p * r + 1.5252733493127489e-5;
  p = p * r + 1.540353045711209e-4;
  p = p * r + 1.3333558146774621e-3;
  p = p * r + 9.6181291075941201e-3;
  p = p * r + 0.055504108664820084;
  p = p * r + 0.24022650695910131;
  p = p * r + 0.69314718055994533;
  return p * r + 1.0;
}

/// 2^y: y = k + r with k the nearest integer; 2^k is made in the exponent bits. k = -bias gives the scale 0,
/// and k = bias + 1 the scale infinity, so that clamping y is all that under- and overflow need.
template <class Scalar>
LRPP_SCAN_INLINE Vector<Scalar> exp2_vector(Vector<Scalar> y) {
  using T = Traits<Scalar>;
  y = clamp<Scalar>(y, -T::kBias, T::kBias + 1);
  const Vector<Scalar> shifted = y + T::kRound;
  const Vector<Scalar> r = y - (shifted - T::kRound);
  const auto scale = (Vector<Scalar>)((typename T::IntegerVector)shifted << T::kMantissaBits);
  return exp2_polynomial(r) * scale;
}

/// The sum of the lanes, the upper half added to the lower until one is left: always in the same order.
template <int kBytes, class Scalar, class Wide>
LRPP_SCAN_INLINE Scalar sum_lanes(Wide v) {
  if constexpr (kBytes == sizeof(Scalar)) {
    return v[0];
  } else {
    typedef Scalar Half __attribute__((vector_size(kBytes / 2)));
    Half halves[2];
    __builtin_memcpy(halves, &v, kBytes);
    return sum_lanes<kBytes / 2, Scalar>(Half(halves[0] + halves[1]));
  }
}

/// One block of channels of one batch entry, and its slices of the workspace.
template <class Scalar>
struct Block {
  int64_t batch, first, count;  ///< channels [first, first + count)
  int64_t width;                ///< count rounded up to whole vectors; the row length of a and state
  Scalar* a;                    ///< [N, width]: A log2(e), zero beyond count
  Scalar* state;                ///< [N, width]: h or g
  Scalar* rest;                 ///< what is left of the workspace
};

template <class Scalar>
Block<Scalar> enter_block(const ScanProblem<Scalar>& p, int64_t item, Scalar* workspace) {
  constexpr Scalar kLog2E = static_cast<Scalar>(1.4426950408889634074);
  const ScanLayout layout = scan_layout(p.channels, p.states, sizeof(Scalar));
  Block<Scalar> k;
  k.batch = item / layout.blocks;
  k.first = item % layout.blocks * layout.block;
  k.count = p.channels - k.first < layout.block ? p.channels - k.first : layout.block;
  k.width = (k.count + kLanes<Scalar> - 1) / kLanes<Scalar> * kLanes<Scalar>;
  const auto address = reinterpret_cast<uintptr_t>(workspace);
  k.a = workspace + (kScanAlignment - address % kScanAlignment) % kScanAlignment / sizeof(Scalar);
  k.state = k.a + p.states * layout.block;
  k.rest = k.state + p.states * layout.block;
  for (int64_t n = 0; n < p.states; ++n) {
    for (int64_t e = 0; e < k.width; ++e) {
      k.a[n * k.width + e] = e < k.count ? p.a[(k.first + e) * p.states + n] * kLog2E : Scalar(0);
      k.state[n * k.width + e] = 0;
    }
  }
  return k;
}

template <class Scalar>
LRPP_SCAN_INLINE const Scalar* row(const Rows<Scalar>& rows, const Block<Scalar>& k, int64_t t) {
  return rows.data + k.batch * rows.batch_stride + t * rows.token_stride;
}

/// The row of a contiguous [B, T, E] result, at the block's first channel.
template <class Scalar>
LRPP_SCAN_INLINE Scalar* row(Scalar* result, const ScanProblem<Scalar>& p, const Block<Scalar>& k,
                             int64_t t) {
  return result + (k.batch * p.tokens + t) * p.channels + k.first;
}

/// Asks for the block's columns of a row some tokens ahead: rows lie pages apart, and no hardware prefetcher
/// follows.
template <class Scalar>
LRPP_SCAN_INLINE void prefetch_row(const Rows<Scalar>& rows, const Block<Scalar>& k, int64_t t) {
  const Scalar* from = row(rows, k, t) + k.first;
  for (int64_t e = 0; e < k.count; e += 64 / sizeof(Scalar)) __builtin_prefetch(from + e);
}

}  // namespace
}  // namespace lrpp::mamba::cpu::LRPP_SCAN_TARGET
