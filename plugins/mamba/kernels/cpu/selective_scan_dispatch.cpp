#include <lrpp/plugins/mamba/kernels/cpu/dispatch.h>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_cpu.h>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_layout.h>

#include <algorithm>
#include <type_traits>

namespace lrpp::mamba::cpu {

LRPP_CPU_TABLE(ScanKernels<float>, float_scan_kernels)
LRPP_CPU_TABLE(ScanKernels<double>, double_scan_kernels)

namespace {

template <class Scalar>
const ScanKernels<Scalar>& active_kernels() {
  if constexpr (std::is_same_v<Scalar, float>) {
    return LRPP_CPU_ACTIVE(float_scan_kernels);
  } else {
    return LRPP_CPU_ACTIVE(double_scan_kernels);
  }
}

}  // namespace

ScanLayout scan_layout(int64_t channels, int64_t states, int64_t scalar_bytes) {
  constexpr int64_t kBudget = 16 * 1024, kLeast = 16, kMost = 64;
  const int64_t fitting = kBudget / (2 * states * scalar_bytes) / kLeast * kLeast;
  const int64_t block = std::clamp(fitting, kLeast, kMost);
  return {block, (channels + block - 1) / block};
}

template <class Scalar>
int64_t channel_blocks(const ScanProblem<Scalar>& p) {
  return scan_layout(p.channels, p.states, sizeof(Scalar)).blocks;
}

template <class Scalar>
int64_t work_items(const ScanProblem<Scalar>& p) {
  return p.batch * channel_blocks(p);
}

template <class Scalar>
int64_t scan_workspace(const ScanProblem<Scalar>& p) {
  // A, the state, and two rows of the gated scans.
  const int64_t rows = 2 * p.states + 2;
  return rows * scan_layout(p.channels, p.states, sizeof(Scalar)).block +
         kWorkspaceAlignment / sizeof(Scalar);
}

template <class Scalar>
int64_t vjp_workspace(const ScanProblem<Scalar>& p) {
  const int64_t size = p.states * scan_layout(p.channels, p.states, sizeof(Scalar)).block;
  const int64_t chunks = (p.tokens + kVjpChunk - 1) / kVjpChunk;
  const int64_t sums = 2 * p.states * kWorkspaceAlignment / sizeof(Scalar);
  return scan_workspace(p) + (2 * kVjpChunk + 1 + chunks) * size + sums;
}

template <class Scalar>
void forward(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* workspace) {
  const FlushDenormals flush;
  active_kernels<Scalar>().forward(problem, begin, end, workspace);
}

template <class Scalar>
void relevance(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* workspace) {
  const FlushDenormals flush;
  active_kernels<Scalar>().relevance(problem, begin, end, workspace);
}

template <class Scalar>
void gated_forward(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* workspace) {
  const FlushDenormals flush;
  active_kernels<Scalar>().gated_forward(problem, begin, end, workspace);
}

template <class Scalar>
void gated_relevance(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* workspace) {
  const FlushDenormals flush;
  active_kernels<Scalar>().gated_relevance(problem, begin, end, workspace);
}

template <class Scalar>
void vjp(const ScanProblem<Scalar>& problem, int64_t begin, int64_t end, Scalar* workspace) {
  const FlushDenormals flush;
  active_kernels<Scalar>().vjp(problem, begin, end, workspace);
}

template <class Scalar>
void exp2(const Scalar* in, Scalar* out, int64_t count) {
  const FlushDenormals flush;
  active_kernels<Scalar>().exp2(in, out, count);
}

template <class Scalar>
void softplus(const Scalar* in, Scalar* out, int64_t count) {
  const FlushDenormals flush;
  active_kernels<Scalar>().softplus(in, out, count);
}

template <class Scalar>
void reduce_partial(const ScanProblem<Scalar>& p, int64_t begin, int64_t end, Scalar* db, Scalar* dc) {
  const int64_t blocks = channel_blocks(p), n = p.states;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / p.tokens, token = row % p.tokens;
    std::fill_n(db + row * n, n, Scalar(0));
    std::fill_n(dc + row * n, n, Scalar(0));
    for (int64_t block = 0; block < blocks; ++block) {
      const Scalar* from = p.partial + ((batch * blocks + block) * p.tokens + token) * 2 * n;
      for (int64_t i = 0; i < n; ++i) db[row * n + i] += from[i];
      for (int64_t i = 0; i < n; ++i) dc[row * n + i] += from[n + i];
    }
  }
}

#define LRPP_SCAN_INSTANTIATE(S)                                              \
  template int64_t channel_blocks(const ScanProblem<S>&);                     \
  template int64_t work_items(const ScanProblem<S>&);                         \
  template int64_t scan_workspace(const ScanProblem<S>&);                     \
  template int64_t vjp_workspace(const ScanProblem<S>&);                      \
  template void forward(const ScanProblem<S>&, int64_t, int64_t, S*);         \
  template void relevance(const ScanProblem<S>&, int64_t, int64_t, S*);       \
  template void gated_forward(const ScanProblem<S>&, int64_t, int64_t, S*);   \
  template void gated_relevance(const ScanProblem<S>&, int64_t, int64_t, S*); \
  template void softplus(const S*, S*, int64_t);                              \
  template void vjp(const ScanProblem<S>&, int64_t, int64_t, S*);             \
  template void exp2(const S*, S*, int64_t);                                  \
  template void reduce_partial(const ScanProblem<S>&, int64_t, int64_t, S*, S*);
LRPP_SCAN_INSTANTIATE(float)
LRPP_SCAN_INSTANTIATE(double)
#undef LRPP_SCAN_INSTANTIATE

}  // namespace lrpp::mamba::cpu
