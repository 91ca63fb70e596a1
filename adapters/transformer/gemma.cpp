#include <lrpp/adapters/transformer/llama.h>
#include <lrpp/adapters/transformer/rope_config.h>

#include <cmath>

namespace lrpp::transformer {
namespace {

/// What Gemma has beside Llama's keys.
struct GemmaKeys {
  std::string hidden_activation = "gelu_pytorch_tanh";
  double query_pre_attn_scalar = 256;
  std::optional<int64_t> sliding_window = 4096;
  std::optional<double> attn_logit_softcapping, final_logit_softcapping;
  std::optional<std::vector<std::string>> layer_types;
  std::optional<int64_t> sliding_window_pattern, _sliding_window_pattern;
};

LlamaKeys gemma_defaults(int64_t vocab_size) {
  LlamaKeys keys;
  keys.vocab_size = vocab_size;
  keys.hidden_size = 2304;
  keys.intermediate_size = 9216;
  keys.num_hidden_layers = 26;
  keys.num_attention_heads = 8;
  keys.num_key_value_heads = 4;
  keys.head_dim = 256;
  keys.tie_word_embeddings = true;
  return keys;
}

/// What both Gemmas share: norms on either side whose weights are kept as their distance to 1, a tanh GELU,
/// embeddings that are scaled, scores that may be capped, and windows on some layers.
DecoderConfig gemma_stack(LlamaKeys keys, const GemmaKeys& gemma, const std::vector<bool>& sliding,
                          std::shared_ptr<const ops::RopeTable> rope,
                          std::shared_ptr<const ops::RopeTable> local_rope, const Json& config,
                          const std::string& where) {
  require(gemma.query_pre_attn_scalar > 0, where, "'query_pre_attn_scalar' must be positive; got {}",
          gemma.query_pre_attn_scalar);
  for (const auto& cap : {gemma.attn_logit_softcapping, gemma.final_logit_softcapping}) {
    require(!cap || *cap > 0, where,
            "'attn_logit_softcapping' and 'final_logit_softcapping' must be positive or null; got {}",
            cap.value_or(0));
  }
  keys.hidden_act = gemma.hidden_activation;
  DecoderConfig stack = llama_stack(keys, std::move(rope), config, where);
  stack.frame.norm.offset = 1;
  stack.frame.embedding_scale = std::sqrt(static_cast<double>(keys.hidden_size));
  stack.frame.logit_cap = gemma.final_logit_softcapping;
  for (size_t i = 0; i < stack.layers.size(); ++i) {
    LayerConfig& layer = stack.layers[i];
    layer.placement = NormPlacement::both;
    layer.norm = stack.frame.norm;
    layer.mlp.bias = false;
    layer.attention.scale = 1 / std::sqrt(gemma.query_pre_attn_scalar);
    layer.attention.soft_cap = gemma.attn_logit_softcapping;
    if (!sliding[i]) continue;
    require(gemma.sliding_window.has_value(), where, "layer {} slides, but 'sliding_window' is null", i);
    require_size(where, "sliding_window", *gemma.sliding_window);
    layer.attention.window = *gemma.sliding_window;
    layer.attention.rope = local_rope;
  }
  return stack;
}

}  // namespace

const DecoderNames& gemma_names() {
  static const DecoderNames names = [] {
    DecoderNames gemma = llama_names();
    gemma.layer.attention_post_norm = "post_attention_layernorm";
    gemma.layer.mlp_norm = "pre_feedforward_layernorm";
    gemma.layer.mlp_post_norm = "post_feedforward_layernorm";
    return gemma;
  }();
  return names;
}

DecoderConfig read_gemma2(const Json& config, const std::string& where) {
  const LlamaKeys keys = read_llama_keys(config, where, gemma_defaults(256000));
  GemmaKeys defaults;
  defaults.attn_logit_softcapping = 50;
  defaults.final_logit_softcapping = 30;
  const auto gemma = from_json_value<GemmaKeys>(config, where, UnknownKeys::ignore, defaults);
  const auto every_second = [](int64_t layer) { return layer % 2 == 0; };
  const auto sliding = read_sliding(gemma.layer_types, keys.num_hidden_layers, where, every_second);
  const auto rope = std::make_shared<ops::RopeTable>(read_rope(config, *keys.head_dim, {}, where));
  return gemma_stack(keys, gemma, sliding, rope, rope, config, where);
}

DecoderConfig read_gemma3(const Json& config, const std::string& where) {
  const LlamaKeys keys = read_llama_keys(config, where, gemma_defaults(262208));
  const auto gemma = from_json_value<GemmaKeys>(config, where, UnknownKeys::ignore);
  const int64_t pattern = gemma.sliding_window_pattern.value_or(gemma._sliding_window_pattern.value_or(6));
  require_size(where, "sliding_window_pattern", pattern);
  const auto all_but_some = [pattern](int64_t layer) { return (layer + 1) % pattern != 0; };
  const auto sliding = read_sliding(gemma.layer_types, keys.num_hidden_layers, where, all_but_some);
  const auto both = config.find("rope_parameters");
  require(both == config.end() || both->is_null() ||
              (both->contains("full_attention") && both->contains("sliding_attention")),
          where, "'rope_parameters' must have the entries full_attention and sliding_attention; got {}",
          both == config.end() ? "" : both->dump());
  const RopeDefaults global{.theta = 1e6};
  const auto rope = std::make_shared<ops::RopeTable>(read_rope(config, *keys.head_dim, global, where));
  // In transformers 4, layers that slide have a base of their own and no scaling.
  Json local = config;
  local.erase("rope_scaling");
  const RopeDefaults near{.theta = 10000, .theta_key = "rope_local_base_freq"};
  const auto local_rope =
      std::make_shared<ops::RopeTable>(read_rope(local, *keys.head_dim, near, where, "sliding_attention"));
  DecoderConfig stack = gemma_stack(keys, gemma, sliding, rope, local_rope, config, where);
  for (LayerConfig& layer : stack.layers) layer.attention.head_norm = layer.norm;
  return stack;
}

}  // namespace lrpp::transformer
