#include <lrpp/framework/error.h>
#include <lrpp/plugins/mamba/kernels/cpu/isa.h>

#include <atomic>

namespace lrpp::mamba::cpu {
namespace {

/// An Isa as a number, or -1: the best one.
std::atomic<int> forced_isa{-1};

Isa best_isa() {
  static const Isa best = isa_available(Isa::kAvx512) ? Isa::kAvx512
                          : isa_available(Isa::kAvx2) ? Isa::kAvx2
                                                      : Isa::kBaseline;
  return best;
}

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
#if defined(LRPP_CPU_X86_VARIANTS)
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

}  // namespace lrpp::mamba::cpu
