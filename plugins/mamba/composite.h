#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp::mamba {

struct MambaLrpParameters {
  double epsilon = 0;     ///< of the epsilon rule on linear maps
  double stabilizer = 0;  ///< of the identity rule; the authors' code has 1e-6
};

/// MambaLRP (arXiv:2406.07592): the scan's parameters held, the gate's relevance halved, the factors of SiLU
/// and RMSNorm held, LRP-0 on linear maps.
Composite mamba_lrp(const Registry& registry, const MambaLrpParameters& parameters);

}  // namespace lrpp::mamba
