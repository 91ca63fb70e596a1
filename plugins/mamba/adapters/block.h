#pragma once

#include <lrpp/adapters/transformer/builder.h>
#include <lrpp/plugins/mamba/adapters/mixer_config.h>

#include <optional>
#include <string>

namespace lrpp::mamba {

using transformer::Builder;
using transformer::NormConfig;

/// Convolution, SiLU and selective scan of one branch under `prefix` ("backbone.layers.0.mixer"), with the
/// projections of its dt, B and C: [B,T,E] -> [B,T,E]. Module names end in `suffix`, which tells a second
/// branch from the first: "_b" of what reads the tokens from the end in Vision Mamba.
Value add_selective_ssm(Builder& builder, const std::string& prefix, const std::string& suffix,
                        const BlockConfig& config, Value x);

/// The mixer under `prefix`: [B,T,D] -> [B,T,D] (Gu and Dao, arXiv:2312.00752, figure 3).
Value add_mixer(Builder& builder, const std::string& prefix, const BlockConfig& config, Value x);

/// The residual stream in float32, where the weights are narrower: the node `base`.residual_cast.
Value add_residual_cast(Builder& builder, const std::string& base, Value hidden);

/// The causal depthwise convolution `name` over `channels`: [B,T,channels] -> the same.
Value add_conv1d(Builder& builder, const std::string& name, int64_t channels, int64_t kernel, bool bias,
                 Value x);

}  // namespace lrpp::mamba
