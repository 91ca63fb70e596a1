#pragma once

#include <lrpp/framework/io/reflect_json.h>
#include <lrpp/framework/ops/rope.h>

#include <string>
#include <vector>

namespace lrpp::transformer {

/// No size in a config may be larger: their products stay far from overflow.
inline constexpr int64_t max_size = int64_t{1} << 24;

/// Throws UserError unless 0 < value <= max_size.
void require_size(const std::string& where, std::string_view key, int64_t value);
/// Throws UserError unless 0 <= layers < 100000.
void require_layers(const std::string& where, std::string_view key, int64_t layers);

/// Throws UserError unless `heads` divide `width`.
void require_heads(const std::string& where, std::string_view width_key, int64_t width,
                   std::string_view heads_key, int64_t heads);
/// Throws UserError for a negative (or infinite) term in a norm's denominator.
void require_eps(const std::string& where, std::string_view key, double eps);

/// Throws UserError where the config has another value at `key` than null or `supported`: an option that the
/// adapter does not have must not be ignored.
void require_option(const Json& config, const char* key, const Json& supported, const std::string& where);

/// What no adapter here supports: quantized weights, pruned heads, cross attention.
void require_plain_checkpoint(const Json& config, const std::string& where);

/// What a checkpoint's head answers.
struct Head {
  bool classifier = false;
  int64_t outputs = 0;              ///< tokens, or classes
  std::vector<std::string> labels;  ///< of a classifier
};

/// The head that `architectures` names: one of those that end in "ForSequenceClassification" or
/// "ForImageClassification", a classifier; or in "ForCausalLM" or "LMHeadModel", a language model. Throws
/// UserError for another, and where none is named.
Head read_head(const Json& config, int64_t vocab_size, const std::string& where);

/// `read_head` of families that are read as classifiers here. Throws UserError for a language model.
Head read_classifier(const Json& config, const std::string& where);

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

/// Whether each layer's attention slides, from `layer_types`; where the config has none, `fallback(i)` says
/// so for layer i. Throws UserError for another type than "full_attention" and "sliding_attention".
template <class Fallback>
std::vector<bool> read_sliding(const std::optional<std::vector<std::string>>& types, int64_t layers,
                               const std::string& where, Fallback fallback) {
  std::vector<bool> sliding;
  for (int64_t i = 0; i < layers; ++i) sliding.push_back(!types && fallback(i));
  if (!types) return sliding;
  require(static_cast<int64_t>(types->size()) == layers, where,
          "'layer_types' must have an entry for each of the {} layers; got {}", layers, types->size());
  for (size_t i = 0; i < types->size(); ++i) {
    const std::string& type = (*types)[i];
    require(type == "full_attention" || type == "sliding_attention", where,
            "'layer_types' may hold full_attention and sliding_attention; got '{}', which is not supported",
            type);
    sliding[i] = type == "sliding_attention";
  }
  return sliding;
}

}  // namespace lrpp::transformer
