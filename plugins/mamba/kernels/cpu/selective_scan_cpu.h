#pragma once

#include <lrpp/plugins/mamba/kernels/cpu/isa.h>
#include <lrpp/plugins/mamba/kernels/cpu/rows.h>

#include <cstdint>

/// The selective scan on the CPU: raw pointers, no torch header. Shapes: B batch, T tokens, E channels, N
/// states.
///
/// One source, selective_scan_kernel.inl, is compiled once for each instruction set.
namespace lrpp::mamba::cpu {

/// What a scan reads and writes. A kernel touches only what its comment in ScanKernels names.
template <class Scalar>
struct ScanProblem {
  int64_t batch, tokens, channels, states;
  Rows<const Scalar> x, dt, m;  ///< [B, T, E]: input, step after softplus, multiplier of the output
  Rows<const Scalar> b, c;      ///< [B, T, N]
  const Scalar* a;              ///< [E, N], contiguous
  const Scalar* d;              ///< [E], contiguous
  Scalar* out;                  ///< [B, T, E], contiguous: y, or dx
  Scalar* ddt;                  ///< [B, T, E], contiguous
  Rows<const Scalar> y, z;      ///< [B, T, E]: output of the scan, and its gate
  Scalar* gated;                ///< [B, T, E], contiguous
  Rows<Scalar> out_z;           ///< [B, T, E]
  Scalar* partial;  ///< [B, channel_blocks, T, 2, N], contiguous: dB and dC of each block of channels
};

/// The kernels compiled for one instruction set. The work is cut into `work_items` = B * channel_blocks
/// independent items; a call does the items [begin, end). How the items are shared among threads does not
/// change a bit of the result.
template <class Scalar>
struct ScanKernels {
  /// out = y from x, dt, a, b, c, d: h_t = exp(dt_t A) h_{t-1} + dt_t B_t x_t; y_t = sum_n C_t h_t + D x_t
  /// (Gu and Dao, arXiv:2312.00752). Keeps one state per channel, never a state per token.
  void (*forward)(const ScanProblem<Scalar>&, int64_t begin, int64_t end, Scalar* workspace);
  /// out = dx, the transpose of the linear map x -> y while dt, a, b, c are held (Jafari et al.,
  /// arXiv:2406.07592), applied to m: g_t = C_t m_t + exp(dt_{t+1} A) g_{t+1}; dx_t = dt_t sum_n B_t g_t + D
  /// m_t.
  void (*relevance)(const ScanProblem<Scalar>&, int64_t begin, int64_t end, Scalar* workspace);
  /// As `forward`, with softplus(dt) for dt, and gated = y silu(z).
  void (*gated_forward)(const ScanProblem<Scalar>&, int64_t begin, int64_t end, Scalar* workspace);
  /// As `relevance` of m silu(z) / 2, with softplus(dt) for dt, and out_z = m y sigmoid(z) / 2.
  void (*gated_relevance)(const ScanProblem<Scalar>&, int64_t begin, int64_t end, Scalar* workspace);
  /// out = dx, ddt and partial: the gradient of sum(m * y) by x, dt, b and c. States are recomputed from
  /// checkpoints.
  void (*vjp)(const ScanProblem<Scalar>&, int64_t begin, int64_t end, Scalar* workspace);
  /// out[i] = 2^in[i] as the scans compute it: 0 where a normal number is too large (denormal, perhaps, where
  /// they are not flushed), infinity from 2^127.5 (float) or 2^1023.5 (double) on, NaN for NaN. Decays never
  /// exceed 1.
  void (*exp2)(const Scalar* in, Scalar* out, int64_t count);
  /// out[i] = ln(1 + e^in[i]), or in[i] beyond 20, as the gated scans compute it.
  void (*softplus)(const Scalar* in, Scalar* out, int64_t count);
  /// The lanes of one vector; tests choose sizes around it.
  int64_t lanes;
};

/// Work items of one batch entry: blocks of up to 64 channels, cut the same for every instruction set.
template <class Scalar>
int64_t channel_blocks(const ScanProblem<Scalar>& problem);
template <class Scalar>
int64_t work_items(const ScanProblem<Scalar>& problem);
/// Scalars of workspace that a call to any kernel but `vjp` needs; one workspace a thread, contents
/// undefined.
template <class Scalar>
int64_t scan_workspace(const ScanProblem<Scalar>& problem);
/// The same for `vjp`: grows with T / 16, the checkpoints.
template <class Scalar>
int64_t vjp_workspace(const ScanProblem<Scalar>& problem);

/// The calls of `ScanKernels`, for the active instruction set, with denormals flushed to zero meanwhile: a
/// state that decays for long would otherwise slow the scan down tens of times.
template <class Scalar>
void forward(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* workspace);
template <class Scalar>
void relevance(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* workspace);
template <class Scalar>
void vjp(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* workspace);
template <class Scalar>
void gated_forward(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* workspace);
template <class Scalar>
void gated_relevance(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* workspace);
template <class Scalar>
void exp2(const Scalar* in, Scalar* out, int64_t count);
template <class Scalar>
void softplus(const Scalar* in, Scalar* out, int64_t count);

/// Adds up `partial` in the order of the blocks: rows [begin, end) of the B * T rows of db and dc, [B, T, N]
/// contiguous.
template <class Scalar>
void reduce_partial(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* db, Scalar* dc);

}  // namespace lrpp::mamba::cpu
