// The convolution for one instruction set; see vector.inl for what the including source defines. Channels lie
// along the vector; a tile's tokens are passed in their order, and the K rows that an output needs are in the
// cache since they were read first.

#include <lrpp/plugins/mamba/kernels/cpu/conv1d_cpu.h>

#include <lrpp/plugins/mamba/kernels/cpu/vector.inl>

namespace lrpp::mamba::cpu::LRPP_CPU_TARGET {
namespace {

struct Tile {
  int64_t batch;
  int64_t first_token, end_token;
  int64_t first, end;  ///< channels
};

template <class Stored>
Tile enter_tile(const ConvProblem<Stored>& p, int64_t item) {
  const int64_t token_blocks = (p.tokens + kConvTokens - 1) / kConvTokens;
  const int64_t channel_blocks = (p.channels + kConvChannels - 1) / kConvChannels;
  Tile k;
  k.batch = item / (token_blocks * channel_blocks);
  k.first_token = item / channel_blocks % token_blocks * kConvTokens;
  k.first = item % channel_blocks * kConvChannels;
  k.end_token = p.tokens - k.first_token < kConvTokens ? p.tokens : k.first_token + kConvTokens;
  k.end = p.channels - k.first < kConvChannels ? p.channels : k.first + kConvChannels;
  return k;
}

template <class Element>
LRPP_CPU_INLINE Element* row(const Rows<Element>& rows, const Tile& k, int64_t t) {
  return rows.data + k.batch * rows.batch_stride + t * rows.token_stride;
}

/// bias + sum_k weight_k x_{t-K+1+k} of the channels from e on. kTaps is K, or 0: any K, and at any token.
template <int kTaps, class Stored, class Lanes>
LRPP_CPU_INLINE auto convolved(const ConvProblem<Stored>& p, const Stored* x, int64_t t, int64_t e,
                               Lanes lanes) {
  using Scalar = typename ComputedIn<Stored>::Type;
  const int64_t taps = kTaps > 0 ? kTaps : p.taps, first = kTaps > 0 || t >= taps - 1 ? 0 : taps - 1 - t;
  Vector<Scalar> sum = {};
  if (p.bias != nullptr) sum = load(p.bias + e, lanes);
  LRPP_CPU_UNROLL
  for (int64_t i = first; i < taps; ++i) {
    sum += load(p.weight + i * p.channels + e, lanes) *
           load(x + (t - taps + 1 + i) * p.x.token_stride + e, lanes);
  }
  return sum;
}

template <int kCount>
struct Taps {
  static constexpr int kTaps = kCount;
};

/// Calls body(taps) with K where it is Mamba's 4 and all K rows exist, else with 0.
template <class Body>
LRPP_CPU_INLINE void with_taps(int64_t taps, bool all_rows, Body body) {
  if (taps == 4 && all_rows) {
    body(Taps<4>{});
  } else {
    body(Taps<0>{});
  }
}

template <bool kSilu, class Stored>
void convolve_tile(const ConvProblem<Stored>& p, const Tile& k) {
  using Scalar = typename ComputedIn<Stored>::Type;
  const Stored* x = row(p.x, k, 0);
  for (int64_t t = k.first_token; t < k.end_token; ++t) {
    Stored* out = row(p.out, k, t);
    with_taps(p.taps, t >= p.taps - 1, [&](auto taps) {
      for_each_vector<Scalar>(k.first, k.end, [&](int64_t e, auto lanes) {
        const Vector<Scalar> sum = convolved<taps.kTaps>(p, x, t, e, lanes);
        store(out + e, kSilu ? sum * sigmoid_vector<Scalar>(sum) : sum, lanes);
      });
    });
  }
}

template <class Stored>
void conv_forward(const ConvProblem<Stored>& p, int64_t begin, int64_t end) {
  for (int64_t item = begin; item < end; ++item) {
    if (p.silu) {
      convolve_tile<true>(p, enter_tile(p, item));
    } else {
      convolve_tile<false>(p, enter_tile(p, item));
    }
  }
}

/// out_t = sum_k weight_k g_{t+K-1-k}; g(s, e) points to the channels from e on of token s.
template <class Stored, class RowOf>
LRPP_CPU_INLINE void transposed_row(const ConvProblem<Stored>& p, const Tile& k, int64_t t, RowOf g) {
  using Scalar = typename ComputedIn<Stored>::Type;
  Stored* out = row(p.out, k, t);
  with_taps(p.taps, t + p.taps <= p.tokens, [&](auto fixed) {
    const int64_t taps = fixed.kTaps > 0 ? fixed.kTaps : p.taps;
    const int64_t first = fixed.kTaps > 0 || t + taps <= p.tokens ? 0 : t + taps - p.tokens;
    for_each_vector<Scalar>(k.first, k.end, [&](int64_t e, auto lanes) {
      Vector<Scalar> sum = {};
      LRPP_CPU_UNROLL
      for (int64_t i = first; i < taps; ++i) {
        sum += load(p.weight + i * p.channels + e, lanes) * load(g(t + taps - 1 - i, e), lanes);
      }
      store(out + e, sum, lanes);
    });
  });
}

template <class Stored>
void conv_relevance(const ConvProblem<Stored>& p, int64_t begin, int64_t end) {
  for (int64_t item = begin; item < end; ++item) {
    const Tile k = enter_tile(p, item);
    const Stored* m = row(p.m, k, 0);
    for (int64_t t = k.first_token; t < k.end_token; ++t) {
      transposed_row(p, k, t, [&](int64_t s, int64_t e) { return m + s * p.m.token_stride + e; });
    }
  }
}

/// The K rows that a token's relevance is made of are kept in a ring of rows. The last K - 1 rows of a tile
/// are computed again by the next one.
template <class Stored, class Scalar>
void conv_silu_relevance(const ConvProblem<Stored>& p, int64_t begin, int64_t end, Scalar* workspace) {
  Scalar* const ring = aligned(workspace);
  for (int64_t item = begin; item < end; ++item) {
    const Tile k = enter_tile(p, item);
    const Stored* x = row(p.x, k, 0);
    const auto kept = [&](int64_t s, int64_t e) { return ring + s % p.taps * kConvChannels + e - k.first; };
    for (int64_t s = k.first_token; s < k.end_token + p.taps - 1; ++s) {
      if (s < p.tokens) {
        const Stored* m = row(p.m, k, s);
        with_taps(p.taps, s >= p.taps - 1, [&](auto taps) {
          for_each_vector<Scalar>(k.first, k.end, [&](int64_t e, auto lanes) {
            const Vector<Scalar> factor = sigmoid_vector<Scalar>(convolved<taps.kTaps>(p, x, s, e, lanes));
            store(kept(s, e), load(m + e, lanes) * factor, lanes);
          });
        });
      }
      const int64_t t = s - p.taps + 1;
      if (t >= k.first_token) transposed_row(p, k, t, kept);
    }
  }
}

template <class Stored>
constexpr ConvKernels<Stored> conv_kernels() {
  return {conv_forward<Stored>, conv_relevance<Stored>,
          conv_silu_relevance<Stored, typename ComputedIn<Stored>::Type>};
}

}  // namespace

extern const ConvKernels<float> float_conv_kernels;
extern const ConvKernels<double> double_conv_kernels;
extern const ConvKernels<Bfloat16> bfloat16_conv_kernels;
const ConvKernels<float> float_conv_kernels = conv_kernels<float>();
const ConvKernels<double> double_conv_kernels = conv_kernels<double>();
const ConvKernels<Bfloat16> bfloat16_conv_kernels = conv_kernels<Bfloat16>();

}  // namespace lrpp::mamba::cpu::LRPP_CPU_TARGET
