// How a scan enters a block of channels, for the instruction set that the including source chose; see
// selective_scan_kernel.inl.

#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_cpu.h>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_layout.h>

#include <lrpp/plugins/mamba/kernels/cpu/vector.inl>

namespace lrpp::mamba::cpu::LRPP_CPU_TARGET {
namespace {

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
  k.a = aligned(workspace);
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

template <class Element, class Scalar>
LRPP_CPU_INLINE Element* row(const Rows<Element>& rows, const Block<Scalar>& k, int64_t t) {
  return rows.data + k.batch * rows.batch_stride + t * rows.token_stride;
}

/// The row of a contiguous [B, T, E] result, at the block's first channel.
template <class Scalar>
LRPP_CPU_INLINE Scalar* row(Scalar* result, const ScanProblem<Scalar>& p, const Block<Scalar>& k, int64_t t) {
  return result + (k.batch * p.tokens + t) * p.channels + k.first;
}

/// Asks for the block's columns of a row some tokens ahead: rows lie pages apart, and no hardware prefetcher
/// follows.
template <class Scalar>
LRPP_CPU_INLINE void prefetch_row(const Rows<const Scalar>& rows, const Block<Scalar>& k, int64_t t) {
  const Scalar* from = row(rows, k, t) + k.first;
  for (int64_t e = 0; e < k.count; e += 64 / sizeof(Scalar)) __builtin_prefetch(from + e);
}

}  // namespace
}  // namespace lrpp::mamba::cpu::LRPP_CPU_TARGET
