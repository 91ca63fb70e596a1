#pragma once

#include <lrpp/plugins/mamba/adapters/block.h>

namespace lrpp::mamba {

/// The mixer under `prefix` ("backbone.layers.0.mixer"): [B,T,D] -> [B,T,D] (Dao and Gu, arXiv:2405.21060,
/// figure 6, with the norm after the gate).
Value add_mamba2_mixer(Builder& builder, const std::string& prefix, const Mamba2Config& config, Value x);

}  // namespace lrpp::mamba
