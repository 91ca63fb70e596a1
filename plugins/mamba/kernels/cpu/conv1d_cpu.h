#pragma once

#include <lrpp/plugins/mamba/kernels/cpu/rows.h>

#include <cstdint>

/// The causal depthwise convolution on the CPU: raw pointers, no torch header. Shapes: B batch, T tokens, E
/// channels, K taps. Numbers are stored as float, double or Bfloat16.
///
/// One source, conv1d_kernel.inl, is compiled once for each instruction set.
namespace lrpp::mamba::cpu {

/// What a convolution reads and writes. A kernel touches only what its comment in ConvKernels names.
template <class Stored>
struct ConvProblem {
  using Scalar = typename ComputedIn<Stored>::Type;
  int64_t batch, tokens, channels, taps;
  Rows<const Stored> x, m;  ///< [B, T, E]: input, multiplier of the output
  const Scalar* weight;     ///< [K, E], contiguous
  const Scalar* bias;       ///< [E], contiguous, or null
  Rows<Stored> out;         ///< [B, T, E]
  bool silu;                ///< whether `forward` applies SiLU
};

/// Work is cut into tiles of so many tokens and channels: what a tile reads of x again, and its taps, stay in
/// the first-level cache.
constexpr int64_t kConvTokens = 64, kConvChannels = 512;

/// The kernels compiled for one instruction set. The work is cut into `conv_items` independent items; a call
/// does the items [begin, end). How they are shared among threads does not change a bit of the result.
template <class Stored>
struct ConvKernels {
  using Scalar = typename ComputedIn<Stored>::Type;
  /// out_t = f(bias + sum_k weight_k x_{t-K+1+k}) from x, weight, bias; f is SiLU or the identity.
  void (*forward)(const ConvProblem<Stored>&, int64_t begin, int64_t end);
  /// out_t = sum_k weight_k m_{t+K-1-k} from m, weight.
  void (*relevance)(const ConvProblem<Stored>&, int64_t begin, int64_t end);
  /// The same of m_t sigmoid(bias + sum_k weight_k x_{t-K+1+k}), from m, x, weight, bias. The workspace has
  /// `conv_workspace` scalars, one a thread, contents undefined.
  void (*silu_relevance)(const ConvProblem<Stored>&, int64_t begin, int64_t end, Scalar* workspace);
};

template <class Stored>
int64_t conv_items(const ConvProblem<Stored>& problem);
template <class Stored>
int64_t conv_workspace(const ConvProblem<Stored>& problem);

/// The calls of `ConvKernels`, for the active instruction set, with denormals flushed to zero meanwhile.
template <class Stored>
void conv_forward(const ConvProblem<Stored>& problem, int64_t begin, int64_t end);
template <class Stored>
void conv_relevance(const ConvProblem<Stored>& problem, int64_t begin, int64_t end);
template <class Stored>
void conv_silu_relevance(const ConvProblem<Stored>& problem, int64_t begin, int64_t end,
                         typename ComputedIn<Stored>::Type* workspace);

}  // namespace lrpp::mamba::cpu
