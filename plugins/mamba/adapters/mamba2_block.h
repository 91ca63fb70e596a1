#pragma once

#include <lrpp/plugins/mamba/adapters/block.h>

#include <limits>

namespace lrpp::mamba {

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

/// The mixer under `prefix` ("backbone.layers.0.mixer"): [B,T,D] -> [B,T,D] (Dao and Gu, arXiv:2405.21060,
/// figure 6, with the norm after the gate).
Value add_mamba2_mixer(Builder& builder, const std::string& prefix, const Mamba2Config& config, Value x);

}  // namespace lrpp::mamba
