#pragma once

#include <lrpp/framework/io/json.h>
#include <lrpp/framework/ops/rope.h>

#include <string>

namespace lrpp::transformer {

/// Where rope_theta and the rotated share of a head stand in older configs, and their defaults.
struct RopeDefaults {
  double theta = 10000;
  double partial = 1;
  const char* theta_key = "rope_theta";
  const char* partial_key = "partial_rotary_factor";
};

/// Rotary embedding of heads of this size, from `rope_parameters` (transformers 5; where it has one entry for
/// each layer type, that of `layer_type`) or from `rope_theta` and `rope_scaling` (transformers 4). Throws
/// UserError for a scaling or a parameter that is not supported, and for a parameter that is missing.
ops::RopeAttributes read_rope(const Json& config, int64_t head_dim, const RopeDefaults& defaults,
                              const std::string& where, const std::string& layer_type = "full_attention");

}  // namespace lrpp::transformer
