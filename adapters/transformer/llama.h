#pragma once

#include <lrpp/adapters/transformer/decoder.h>

namespace lrpp::transformer {

/// The keys that change what a decoder of Llama's kind computes. Each family starts from its own defaults.
struct LlamaKeys {
  int64_t vocab_size = 32000;
  int64_t hidden_size = 4096;
  int64_t intermediate_size = 11008;
  int64_t num_hidden_layers = 32;
  int64_t num_attention_heads = 32;
  std::optional<int64_t> num_key_value_heads;
  std::optional<int64_t> head_dim;
  double rms_norm_eps = 1e-6;
  bool attention_bias = false;
  bool mlp_bias = false;
  bool tie_word_embeddings = false;
  std::string hidden_act = "silu";
};

/// `keys` as they stand in the config, checked; absent ones keep their value.
LlamaKeys read_llama_keys(const Json& config, const std::string& where, LlamaKeys keys);

/// Layers with RMSNorm, a gated MLP and rotary positions, all alike; `rope` serves all of them.
DecoderConfig llama_stack(const LlamaKeys& keys, std::shared_ptr<const ops::RopeTable> rope,
                          const Json& config, const std::string& where);

const DecoderNames& llama_names();

/// From the config.json of model types "llama", "qwen2" and "qwen3".
DecoderConfig read_llama(const Json& config, const std::string& where);
DecoderConfig read_qwen2(const Json& config, const std::string& where);
DecoderConfig read_qwen3(const Json& config, const std::string& where);

/// Of "gemma2" and "gemma3_text", and the names of their layers.
DecoderConfig read_gemma2(const Json& config, const std::string& where);
DecoderConfig read_gemma3(const Json& config, const std::string& where);
const DecoderNames& gemma_names();

}  // namespace lrpp::transformer
