#pragma once

#include <lrpp/framework/fusion.h>

namespace lrpp::mamba {

/// A residual addition and the RMSNorm that reads it, in one pass both ways, the norm's statistic held. Keeps
/// that statistic alone, one number for each row. Outputs: the sum and the normed values; for the relevance
/// 1/rms.
Fusion add_rms_norm_fusion();

/// An RMSNorm that no addition stands before.
Fusion rms_norm_fusion();

}  // namespace lrpp::mamba
