// Vectors, and the functions of one number that the kernels share, for one instruction set. The including
// source defines LRPP_CPU_TARGET (a namespace) and LRPP_CPU_VECTOR_BYTES. Everything but the tables of
// kernels has internal linkage, and nothing of the standard library that could be emitted out of line is
// used: the linker must never swap code of one instruction set for that of another.
#pragma once

#include <lrpp/plugins/mamba/kernels/cpu/rows.h>

#define LRPP_CPU_INLINE inline __attribute__((always_inline))
#define LRPP_CPU_UNROLL _Pragma("GCC unroll 4")

namespace lrpp::mamba::cpu::LRPP_CPU_TARGET {
namespace {

template <class Scalar>
struct Traits;

template <>
struct Traits<float> {
  typedef float Vector __attribute__((vector_size(LRPP_CPU_VECTOR_BYTES)));
  typedef int32_t IntegerVector __attribute__((vector_size(LRPP_CPU_VECTOR_BYTES)));
  static constexpr int kMantissaBits = 23;
  static constexpr float kBias = 127;
  /// 1.5 * 2^23 + 127: adding it rounds to an integer, whose biased exponent is then in the low bits.
  static constexpr float kRound = 12582912.0F + 127.0F;
  /// ln 2 in two parts; the first has 12 bits, so that its product with an exponent is exact.
  static constexpr float kLog2High = 0.693115234375F, kLog2Low = 3.1946184945309417e-5F;
};

template <>
struct Traits<double> {
  typedef double Vector __attribute__((vector_size(LRPP_CPU_VECTOR_BYTES)));
  typedef int64_t IntegerVector __attribute__((vector_size(LRPP_CPU_VECTOR_BYTES)));
  static constexpr int kMantissaBits = 52;
  static constexpr double kBias = 1023;
  static constexpr double kRound = 6755399441055744.0 + 1023.0;
  /// The first part has 40 bits.
  static constexpr double kLog2High = 0.6931471805592082, kLog2Low = 7.3710025651677989e-13;
};

template <class Scalar>
using Vector = typename Traits<Scalar>::Vector;

template <class Scalar>
constexpr int64_t kLanes = LRPP_CPU_VECTOR_BYTES / sizeof(Scalar);

template <class Scalar>
LRPP_CPU_INLINE Vector<Scalar> load(const Scalar* from) {
  Vector<Scalar> v;
  __builtin_memcpy(&v, from, sizeof(v));
  return v;
}

template <class Scalar>
LRPP_CPU_INLINE void store(Scalar* to, Vector<Scalar> v) {
  __builtin_memcpy(to, &v, sizeof(v));
}

/// The first `count` lanes (all, if count is larger; none, if it is negative); the others are zero.
template <class Scalar>
LRPP_CPU_INLINE Vector<Scalar> load(const Scalar* from, int64_t count) {
  if (count >= kLanes<Scalar>) return load(from);
  Vector<Scalar> v = {};
  if (count > 0) __builtin_memcpy(&v, from, count * sizeof(Scalar));
  return v;
}

template <class Scalar>
LRPP_CPU_INLINE void store(Scalar* to, Vector<Scalar> v, int64_t count) {
  if (count >= kLanes<Scalar>) {
    store(to, v);
  } else if (count > 0) {
    __builtin_memcpy(to, &v, count * sizeof(Scalar));
  }
}

/// A whole vector, where others say how many lanes there are.
struct Whole {};

template <class Scalar>
LRPP_CPU_INLINE Vector<Scalar> load(const Scalar* from, Whole) {
  return load(from);
}

template <class Scalar>
LRPP_CPU_INLINE void store(Scalar* to, Vector<Scalar> v, Whole) {
  store(to, v);
}

typedef uint16_t HalfWords __attribute__((vector_size(LRPP_CPU_VECTOR_BYTES / 2)));
typedef uint32_t Words __attribute__((vector_size(LRPP_CPU_VECTOR_BYTES)));

LRPP_CPU_INLINE Vector<float> widened(HalfWords halves) {
  return (Vector<float>)(__builtin_convertvector(halves, Words) << 16);
}

/// The nearest bfloat16, of two equally near the even one; NaN stays NaN.
LRPP_CPU_INLINE HalfWords narrowed(Vector<float> v) {
  const auto bits = (Words)v;
  const Words nearest = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16, nan = (bits >> 16) | 0x40;
  return __builtin_convertvector(v == v ? nearest : nan, HalfWords);
}

LRPP_CPU_INLINE Vector<float> load(const Bfloat16* from, Whole) {
  HalfWords halves;
  __builtin_memcpy(&halves, from, sizeof(halves));
  return widened(halves);
}

/// The first `count` lanes, fewer than all.
LRPP_CPU_INLINE Vector<float> load(const Bfloat16* from, int64_t count) {
  HalfWords halves = {};
  __builtin_memcpy(&halves, from, count * sizeof(Bfloat16));
  return widened(halves);
}

LRPP_CPU_INLINE void store(Bfloat16* to, Vector<float> v, Whole) {
  const HalfWords halves = narrowed(v);
  __builtin_memcpy(to, &halves, sizeof(halves));
}

LRPP_CPU_INLINE void store(Bfloat16* to, Vector<float> v, int64_t count) {
  const HalfWords halves = narrowed(v);
  __builtin_memcpy(to, &halves, count * sizeof(Bfloat16));
}

/// Calls body(e, Whole) for the whole vectors of [begin, end), and body(e, lanes) for what is left.
template <class Scalar, class Body>
LRPP_CPU_INLINE void for_each_vector(int64_t begin, int64_t end, Body body) {
  int64_t e = begin;
  for (; e + kLanes<Scalar> <= end; e += kLanes<Scalar>) body(e, Whole{});
  if (e < end) body(e, end - e);
}

/// v clamped to [low, high]; NaN stays NaN. Written so that compilers see x86's max and min.
template <class Scalar>
LRPP_CPU_INLINE Vector<Scalar> clamp(Vector<Scalar> v, Scalar low, Scalar high) {
  const Vector<Scalar> lows = low - Vector<Scalar>{}, highs = high - Vector<Scalar>{};
  v = lows > v ? lows : v;
  return highs < v ? highs : v;
}

/// 2^r on [-1/2, 1/2] as 1 + r q(r): minimax in relative error among polynomials that are exactly 1 at 0, so
/// that slow decays do not drift over long sequences. Relative error 2.0e-9 (float), 3.4e-18 (double) before
/// rounding.
LRPP_CPU_INLINE Vector<float> exp2_polynomial(Vector<float> r) {
  Vector<float> p = r * 0.00015353362F + 0.0013398874F;
  p = p * r + 0.0096184374F;
  p = p * r + 0.055503325F;
  p = p * r + 0.24022648F;
  p = p * r + 0.69314720F;
  return p * r + 1.0F;
}

LRPP_CPU_INLINE Vector<double> exp2_polynomial(Vector<double> r) {
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

/// 2^k, from k + kRound.
template <class Scalar>
LRPP_CPU_INLINE Vector<Scalar> power_of_two(Vector<Scalar> shifted) {
  using T = Traits<Scalar>;
  return (Vector<Scalar>)((typename T::IntegerVector)shifted << T::kMantissaBits);
}

/// 2^y: y = k + r with k the nearest integer; 2^k is made in the exponent bits. k = -bias gives the scale 0,
/// and k = bias + 1 the scale infinity, so that clamping y is all that under- and overflow need.
template <class Scalar>
LRPP_CPU_INLINE Vector<Scalar> exp2_vector(Vector<Scalar> y) {
  using T = Traits<Scalar>;
  y = clamp<Scalar>(y, -T::kBias, T::kBias + 1);
  const Vector<Scalar> shifted = y + T::kRound;
  const Vector<Scalar> r = y - (shifted - T::kRound);
  return exp2_polynomial(r) * power_of_two<Scalar>(shifted);
}

/// e^x to about two units in the last place: x = k ln 2 + r, and e^r = 2^(r log2 e). Where e^x is denormal it
/// may be 0, and 1 / e^x, where that is, infinity.
template <class Scalar>
LRPP_CPU_INLINE Vector<Scalar> exp_vector(Vector<Scalar> x) {
  using T = Traits<Scalar>;
  constexpr Scalar kLog2 = static_cast<Scalar>(0.69314718055994530942);
  constexpr Scalar kLog2E = static_cast<Scalar>(1.4426950408889634074);
  x = clamp<Scalar>(x, -T::kBias * kLog2, (T::kBias + 1) * kLog2);
  const Vector<Scalar> shifted = x * kLog2E + T::kRound, k = shifted - T::kRound;
  const Vector<Scalar> r = (x - k * T::kLog2High) - k * T::kLog2Low;
  return exp2_polynomial(r * kLog2E) * power_of_two<Scalar>(shifted);
}

/// ln(1 + t) on [0, 1] as 2 s + 2 s w q(w), with s = t / (2 + t) = tanh(ln(1 + t) / 2) and w = s^2 up to 1/9:
/// accurate however small t is. Minimax in relative error, 4.5e-9 (float) and 1.3e-18 (double) before
/// rounding.
LRPP_CPU_INLINE Vector<float> log1p_series(Vector<float> w) {
  Vector<float> q = w * 0.14005977F + 0.14000907F;
  q = q * w + 0.20010763F;
  return q * w + 0.33333208F;
}

LRPP_CPU_INLINE Vector<double> log1p_series(Vector<double> w) {
  Vector<double> q = w * 0.085048781850183277 + 0.041724862822261527;
  q = q * w + 0.060524722308937308;
  q = q * w + 0.066505607276930663;
  q = q * w + 0.076932741930382153;
  q = q * w + 0.090908722396772212;
  q = q * w + 0.11111111976821391;
  q = q * w + 0.14285714274058949;
  q = q * w + 0.20000000000077560;
  return q * w + 0.33333333333333155;
}

/// softplus as PyTorch has it: ln(1 + e^x), and x itself beyond 20. Where e^x is denormal it may be 0.
template <class Scalar>
LRPP_CPU_INLINE Vector<Scalar> softplus_vector(Vector<Scalar> x) {
  const Vector<Scalar> zero = {}, threshold = Scalar(20) - zero;
  const Vector<Scalar> t = exp_vector<Scalar>(x < zero ? x : -x);
  // 2 s rather than s, which may be denormal where t is not.
  const Vector<Scalar> twice = (t + t) / (Scalar(2) + t), w = Scalar(0.25) * (twice * twice);
  const Vector<Scalar> log = twice + twice * (w * log1p_series(w));
  return x > threshold ? x : (x > zero ? x : zero) + log;
}

/// 1 / (1 + e^-x), the factor silu(x) / x.
template <class Scalar>
LRPP_CPU_INLINE Vector<Scalar> sigmoid_vector(Vector<Scalar> x) {
  return Scalar(1) / (Scalar(1) + exp_vector<Scalar>(-x));
}

/// The sum of the lanes, the upper half added to the lower until one is left: always in the same order.
template <int kBytes, class Scalar, class Wide>
LRPP_CPU_INLINE Scalar sum_lanes(Wide v) {
  if constexpr (kBytes == sizeof(Scalar)) {
    return v[0];
  } else {
    typedef Scalar Half __attribute__((vector_size(kBytes / 2)));
    Half halves[2];
    __builtin_memcpy(halves, &v, kBytes);
    return sum_lanes<kBytes / 2, Scalar>(Half(halves[0] + halves[1]));
  }
}

/// The first address in the workspace that a part of it may have.
template <class Scalar>
LRPP_CPU_INLINE Scalar* aligned(Scalar* workspace) {
  const auto address = reinterpret_cast<uintptr_t>(workspace);
  return workspace +
         (kWorkspaceAlignment - address % kWorkspaceAlignment) % kWorkspaceAlignment / sizeof(Scalar);
}

}  // namespace
}  // namespace lrpp::mamba::cpu::LRPP_CPU_TARGET
