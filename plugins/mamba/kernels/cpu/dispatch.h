#pragma once

#include <lrpp/plugins/mamba/kernels/cpu/isa.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

// For the sources that choose among the variants of the kernels; never for the variants themselves.

/// Declares a table of kernels that every variant defines, in its own namespace. To be used in
/// lrpp::mamba::cpu.
#define LRPP_CPU_TABLE(Type, table) \
  namespace baseline {              \
  extern const Type table;          \
  }                                 \
  namespace avx2 {                  \
  extern const Type table;          \
  }                                 \
  namespace avx512 {                \
  extern const Type table;          \
  }

/// The table of the active instruction set.
#if defined(LRPP_CPU_X86_VARIANTS)
#define LRPP_CPU_ACTIVE(table) \
  (active_isa() == Isa::kAvx512 ? avx512::table : active_isa() == Isa::kAvx2 ? avx2::table : baseline::table)
#else
#define LRPP_CPU_ACTIVE(table) (baseline::table)
#endif

namespace lrpp::mamba::cpu {

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

}  // namespace lrpp::mamba::cpu
