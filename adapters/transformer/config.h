#pragma once

#include <lrpp/framework/io/reflect_json.h>

#include <optional>
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
/// Throws UserError unless heads and key heads are sizes, and each key head serves as many heads.
void require_kv_heads(const std::string& where, int64_t heads, int64_t kv_heads);
/// Throws UserError for a negative (or infinite) term in a norm's denominator.
void require_eps(const std::string& where, std::string_view key, double eps);

/// Throws UserError where the config has another value at `key` than null or `supported`: an option that the
/// adapter does not have must not be ignored.
void require_option(const Json& config, const char* key, const Json& supported, const std::string& where);

/// What no adapter here supports: quantized weights, pruned heads, cross attention.
void require_plain_checkpoint(const Json& config, const std::string& where);

struct NormConfig {
  bool rms = false;  ///< RMSNorm; else LayerNorm, with a bias
  double eps = 1e-5;
  double offset = 0;   ///< added to the weight: 1 in Gemma
  int64_t groups = 1;  ///< of RMSNorm: parts of the channels with a statistic each
};

/// What a checkpoint's head answers.
struct Head {
  bool classifier = false;
  int64_t outputs = 0;              ///< tokens, or classes
  std::vector<std::string> labels;  ///< of a classifier
};

/// What stands around the layers of a language model or of a classifier of texts: the embedding below them,
/// the last norm and the head above.
struct LanguageModelConfig {
  int64_t vocab_size = 0, hidden_size = 0;
  double embedding_scale = 1;
  NormConfig norm;         ///< the last one
  bool tied_head = false;  ///< a language model's head is the embedding table
  std::optional<double> logit_cap;
  Head head;
};

/// The head that `architectures` names: one of those that end in "ForSequenceClassification" or
/// "ForImageClassification", a classifier; or in "ForCausalLM" or "LMHeadModel", a language model. Throws
/// UserError for another, and where none is named.
Head read_head(const Json& config, int64_t vocab_size, const std::string& where);

/// `read_head` of families that are read as classifiers here. Throws UserError for a language model.
Head read_classifier(const Json& config, const std::string& where);

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
