#pragma once

#include <lrpp/adapters/transformer/builder.h>

#include <optional>
#include <string>

namespace lrpp::mamba {

using transformer::Builder;
using transformer::NormConfig;

/// Sizes and options of a Mamba mixer, whatever its checkpoint calls them.
struct BlockConfig {
  int64_t hidden_size = 0;        ///< D
  int64_t intermediate_size = 0;  ///< E
  int64_t state_size = 16;        ///< N
  int64_t conv_kernel = 4;        ///< K
  int64_t time_step_rank = 0;     ///< R
  bool use_bias = false;          ///< in_proj and out_proj
  bool use_conv_bias = true;
  /// RMSNorms of what x_proj makes, before dt_proj and the scan: `dt_layernorm`, `b_layernorm` and
  /// `c_layernorm`. Those of Jamba have weights, those of Falcon-Mamba have none.
  std::optional<double> parameter_norm_eps = {};
  bool parameter_norm_weights = false;
};

/// Convolution, SiLU and selective scan of one branch under `prefix` ("backbone.layers.0.mixer"), with the
/// projections of its dt, B and C: [B,T,E] -> [B,T,E]. Module names end in `suffix`, which tells a second
/// branch from the first: "_b" of what reads the tokens from the end in Vision Mamba.
Value add_selective_ssm(Builder& builder, const std::string& prefix, const std::string& suffix,
                        const BlockConfig& config, Value x);

/// The mixer under `prefix`: [B,T,D] -> [B,T,D] (Gu and Dao, arXiv:2312.00752, figure 3).
Value add_mixer(Builder& builder, const std::string& prefix, const BlockConfig& config, Value x);

/// The causal depthwise convolution `name` over `channels`: [B,T,channels] -> the same.
Value add_conv1d(Builder& builder, const std::string& name, int64_t channels, int64_t kernel, bool bias,
                 Value x);

}  // namespace lrpp::mamba
