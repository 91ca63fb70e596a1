#pragma once

#include <lrpp/adapters/transformer/config.h>
#include <lrpp/plugins/mamba/adapters/mixer_config.h>

#include <string>
#include <utility>

// What the configs of the whole family have in common; see adapters/transformer/config.h for the rest.

namespace lrpp::mamba {

/// Throws UserError where the config names an architecture of another family than `family` ("Mamba2" of
/// "Mamba2ForCausalLM"): a checkpoint of a sibling under the wrong `model_type`.
void require_family(const Json& config, const std::string& family, const std::string& where);

/// Throws UserError where the activation that the key names is not SiLU.
void require_silu(const Json& config, const char* key, const std::string& where);

/// A number, or "auto" (the default): a sixteenth of the hidden size, rounded up.
int64_t read_time_step_rank(const Json& config, const char* key, int64_t hidden_size,
                            const std::string& where);

/// `ssm_cfg` of a Mamba layer in the naming of the original code: d_state, d_conv, expand, dt_rank, conv_bias
/// and bias. Unknown keys throw.
BlockConfig read_mamba1_ssm_cfg(Json ssm, int64_t d_model, const std::string& where);

/// [min, max] of the time steps; none is [0, infinity]. Infinity may be written as Python writes it, or as
/// transformers 5 does. Throws UserError where min is negative or above max.
std::pair<double, double> read_time_step_limit(const Json& config, const char* key, const std::string& where);

/// Throws UserError for a 'time_step_min' that is negative or infinite.
void require_time_step_min(double time_step_min, const std::string& where);

/// How a config calls the heads of a Mamba-2 mixer, their channels, and the groups of B and C.
struct Mamba2KeyNames {
  const char *heads, *head_dim, *groups;
};

/// Throws UserError unless the heads make up `intermediate_size` and the groups divide the heads.
void require_mamba2(const Mamba2Config& config, const Mamba2KeyNames& names, int64_t intermediate_size,
                    const std::string& where);

}  // namespace lrpp::mamba
