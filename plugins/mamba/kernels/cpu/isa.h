#pragma once

/// The instruction sets that the CPU kernels are compiled for. The machine chooses when the program runs.
namespace lrpp::mamba::cpu {

enum class Isa { kBaseline, kAvx2, kAvx512 };

const char* isa_name(Isa isa);
/// Whether this build has the variant and this processor runs it. The baseline always is.
bool isa_available(Isa isa);
/// The variant used: the newest available one unless `force_isa` chose.
Isa active_isa();
/// For tests and benchmarks: every later call of this process uses `isa`, which must be available.
void force_isa(Isa isa);
/// Undoes `force_isa`.
void use_best_isa();

}  // namespace lrpp::mamba::cpu
