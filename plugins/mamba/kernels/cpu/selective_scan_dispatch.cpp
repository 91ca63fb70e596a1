#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_cpu.h>
#include <lrpp/plugins/mamba/kernels/cpu/selective_scan_layout.h>

#include <algorithm>
#include <atomic>
#include <type_traits>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace lrpp::mamba::cpu {

#define LRPP_SCAN_DECLARE(target)                  \
  namespace target {                               \
  extern const ScanKernels<float> float_kernels;   \
  extern const ScanKernels<double> double_kernels; \
  }
LRPP_SCAN_DECLARE(baseline)
#if defined(LRPP_SCAN_X86_VARIANTS)
LRPP_SCAN_DECLARE(avx2)
LRPP_SCAN_DECLARE(avx512)
#endif
#undef LRPP_SCAN_DECLARE

namespace {

/// An Isa as a number, or -1: the best one.
std::atomic<int> forced_isa{-1};

Isa best_isa() {
  static const Isa best = isa_available(Isa::kAvx512) ? Isa::kAvx512
                          : isa_available(Isa::kAvx2) ? Isa::kAvx2
                                                      : Isa::kBaseline;
  return best;
}

template <class Scalar>
const ScanKernels<Scalar>& active_kernels() {
  constexpr bool kFloat = std::is_same_v<Scalar, float>;
  switch (active_isa()) {
#if defined(LRPP_SCAN_X86_VARIANTS)
    case Isa::kAvx512:
      if constexpr (kFloat)
        return avx512::float_kernels;
      else
        return avx512::double_kernels;
    case Isa::kAvx2:
      if constexpr (kFloat)
        return avx2::float_kernels;
      else
        return avx2::double_kernels;
#endif
    default:
      if constexpr (kFloat)
        return baseline::float_kernels;
      else
        return baseline::double_kernels;
  }
}

/// Flushes denormals to zero on this thread while it lives. Elsewhere than on x86-64 they are kept: slower
/// where the processor traps on them, and as correct.
class FlushDenormals {
 public:
#if defined(__x86_64__)
  FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | kFlushResults | kFlushOperands); }
  ~FlushDenormals() { _mm_setcsr(saved_); }

 private:
  static constexpr unsigned kFlushResults = 0x8000, kFlushOperands = 0x0040;
  unsigned saved_;
#else
  FlushDenormals() = default;
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
};

}  // namespace

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kBaseline:
      return "baseline";
  }
  LRPP_ASSERT(false, "an Isa out of its range: {}", static_cast<int>(isa));
  return "";
}

bool isa_available(Isa isa) {
  switch (isa) {
    case Isa::kBaseline:
      return true;
#if defined(LRPP_SCAN_X86_VARIANTS)
    // The features that -march=x86-64-v3 and -v4 allow the compiler to use. The builtin also asks whether the
    // operating system saves the wide registers.
    case Isa::kAvx512:
      return isa_available(Isa::kAvx2) && __builtin_cpu_supports("avx512f") &&
             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#endif
    default:
      return false;
  }
}

Isa active_isa() {
  const int forced = forced_isa.load(std::memory_order_relaxed);
  return forced < 0 ? best_isa() : static_cast<Isa>(forced);
}

void force_isa(Isa isa) {
  require(isa_available(isa), "force_isa",
          "the instruction set must be one that this build and processor have; got {}", isa_name(isa));
  forced_isa = static_cast<int>(isa);
}

void use_best_isa() { forced_isa = -1; }

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
  const int64_t size = p.states * scan_layout(p.channels, p.states, sizeof(Scalar)).block;
  return 2 * size + kScanAlignment / sizeof(Scalar);
}

template <class Scalar>
int64_t vjp_workspace(const ScanProblem<Scalar>& p) {
  const int64_t size = p.states * scan_layout(p.channels, p.states, sizeof(Scalar)).block;
  const int64_t chunks = (p.tokens + kVjpChunk - 1) / kVjpChunk;
  const int64_t sums = 2 * p.states * kScanAlignment / sizeof(Scalar);
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

#define LRPP_SCAN_INSTANTIATE(S)                                        \
  template int64_t channel_blocks(const ScanProblem<S>&);               \
  template int64_t work_items(const ScanProblem<S>&);                   \
  template int64_t scan_workspace(const ScanProblem<S>&);               \
  template int64_t vjp_workspace(const ScanProblem<S>&);                \
  template void forward(const ScanProblem<S>&, int64_t, int64_t, S*);   \
  template void relevance(const ScanProblem<S>&, int64_t, int64_t, S*); \
  template void vjp(const ScanProblem<S>&, int64_t, int64_t, S*);       \
  template void exp2(const S*, S*, int64_t);                            \
  template void reduce_partial(const ScanProblem<S>&, int64_t, int64_t, S*, S*);
LRPP_SCAN_INSTANTIATE(float)
LRPP_SCAN_INSTANTIATE(double)
#undef LRPP_SCAN_INSTANTIATE

}  // namespace lrpp::mamba::cpu
