#pragma once

#include <lrpp/framework/registry.h>

namespace lrpp::mamba {

struct MambaLrpParameters {
  double epsilon = 0;     ///< of the epsilon rule on linear maps
  double stabilizer = 0;  ///< of the identity rule; the authors' code has 1e-6
};

/// MambaLRP (arXiv:2406.07592): the scan's parameters held, the gate's relevance halved, the factors of
/// activations and norms held, LRP-0 on linear maps. What the paper does not have follows from its principle,
/// that what chooses is held and what is chosen carries the relevance: attention weights are held, and so are
/// the choice and the shares of experts (docs/theory/mamba2.md).
Composite mamba_lrp(const Registry& registry, const MambaLrpParameters& parameters);

/// `mamba_lrp` with one kind of op under the plain gradient, as in the paper's ablation: what its rule is
/// worth. `ops`: the types whose rule is left out.
Composite mamba_lrp_without(const Registry& registry, const MambaLrpParameters& parameters,
                            const std::vector<std::string>& ops);

struct MambaLrpVisionParameters {
  double gamma = 0.25;  ///< of the generalized gamma rule on depthwise convolutions
  double epsilon = 0;
  double stabilizer = 0;
};

/// `mamba_lrp` with the generalized gamma rule on depthwise convolutions, as its authors explain Vision Mamba
/// (arXiv:2406.07592, appendix).
Composite mamba_lrp_vision(const Registry& registry, const MambaLrpVisionParameters& parameters);

}  // namespace lrpp::mamba
