#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace lrpp::mamba {

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

/// Sizes and options of a Mamba-2 mixer, whatever its checkpoint calls them.
struct Mamba2Config {
  int64_t hidden_size = 0;   ///< D
  int64_t heads = 0;         ///< H
  int64_t head_dim = 64;     ///< P; E = H P
  int64_t state_size = 128;  ///< N
  int64_t groups = 1;        ///< G, of B and C
  int64_t conv_kernel = 4;   ///< K
  bool use_bias = false;     ///< in_proj and out_proj
  bool use_conv_bias = true;
  double dt_min = 0;  ///< limits of the time steps, after softplus
  double dt_max = std::numeric_limits<double>::infinity();
  double norm_eps = 1e-5;
  int64_t norm_groups = 1;  ///< of the gated norm
};

}  // namespace lrpp::mamba
