#pragma once

#include <lrpp/framework/fusion.h>

namespace lrpp::mamba {

/// A causal convolution and its SiLU in one pass, [B,T,E] -> [B,T,E]: LRP-0, and SiLU's factor held. Keeps
/// the convolution's input; its output is computed again for the relevance.
Fusion conv1d_silu_fusion();

}  // namespace lrpp::mamba
