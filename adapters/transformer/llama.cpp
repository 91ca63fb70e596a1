#include <lrpp/adapters/transformer/llama.h>
#include <lrpp/adapters/transformer/rope_config.h>

#include <cmath>

namespace lrpp::transformer {
namespace {

/// The keys by which Qwen lets its upper layers slide.
struct SlidingKeys {
  bool use_sliding_window = false;
  std::optional<int64_t> sliding_window = 4096;
  int64_t max_window_layers = 28;
  std::optional<std::vector<std::string>> layer_types;
};

void add_windows(DecoderConfig& stack, const Json& config, const std::string& where) {
  const auto keys = from_json_value<SlidingKeys>(config, where, UnknownKeys::ignore);
  const std::vector<bool> sliding =
      read_sliding(keys.layer_types, static_cast<int64_t>(stack.layers.size()), where, [&](int64_t layer) {
        return keys.use_sliding_window && keys.sliding_window && layer >= keys.max_window_layers;
      });
  for (size_t i = 0; i < sliding.size(); ++i) {
    if (!sliding[i]) continue;
    require(keys.use_sliding_window && keys.sliding_window, where,
            "layer {} slides, but 'use_sliding_window' and 'sliding_window' give it no window", i);
    require_size(where, "sliding_window", *keys.sliding_window);
    stack.layers[i].attention.window = *keys.sliding_window;
  }
}

std::shared_ptr<const ops::RopeTable> one_rope(const LlamaKeys& keys, const Json& config,
                                               const std::string& where) {
  return std::make_shared<ops::RopeTable>(read_rope(config, *keys.head_dim, {}, where));
}

}  // namespace

LlamaKeys read_llama_keys(const Json& config, const std::string& where, LlamaKeys keys) {
  keys = from_json_value<LlamaKeys>(config, where, UnknownKeys::ignore, keys);
  require_plain_checkpoint(config, where);
  require_option(config, "use_bidirectional_attention", false, where);
  require_size(where, "vocab_size", keys.vocab_size);
  require_size(where, "hidden_size", keys.hidden_size);
  require_size(where, "intermediate_size", keys.intermediate_size);
  require_layers(where, "num_hidden_layers", keys.num_hidden_layers);
  if (!keys.num_key_value_heads) keys.num_key_value_heads = keys.num_attention_heads;
  require_kv_heads(where, keys.num_attention_heads, *keys.num_key_value_heads);
  require(keys.head_dim || keys.hidden_size % keys.num_attention_heads == 0, where,
          "'hidden_size' must be a multiple of 'num_attention_heads' where 'head_dim' is not given; got {} "
          "and {}",
          keys.hidden_size, keys.num_attention_heads);
  if (!keys.head_dim) keys.head_dim = keys.hidden_size / keys.num_attention_heads;
  require_size(where, "head_dim", *keys.head_dim);
  require_eps(where, "rms_norm_eps", keys.rms_norm_eps);
  return keys;
}

DecoderConfig llama_stack(const LlamaKeys& keys, std::shared_ptr<const ops::RopeTable> rope,
                          const Json& config, const std::string& where) {
  LayerConfig layer = plain_layer(keys.hidden_size, keys.num_attention_heads, keys.intermediate_size);
  layer.norm = {/*rms=*/true, keys.rms_norm_eps};
  layer.attention.kv_heads = *keys.num_key_value_heads;
  layer.attention.head_dim = *keys.head_dim;
  layer.attention.scale = 1 / std::sqrt(static_cast<double>(*keys.head_dim));
  layer.attention.qkv_bias = layer.attention.out_bias = keys.attention_bias;
  layer.attention.causal = true;
  layer.attention.rope = std::move(rope);
  layer.mlp.activation = make_activation(keys.hidden_act, where);
  layer.mlp.gated = true;
  layer.mlp.bias = keys.mlp_bias;
  DecoderConfig stack;
  stack.frame.vocab_size = keys.vocab_size;
  stack.frame.hidden_size = keys.hidden_size;
  stack.layers.assign(static_cast<size_t>(keys.num_hidden_layers), layer);
  stack.frame.norm = layer.norm;
  stack.frame.tied_head = keys.tie_word_embeddings;
  stack.frame.head = read_head(config, keys.vocab_size, where);
  return stack;
}

const DecoderNames& llama_names() {
  static const DecoderNames names{
      .frame = {.base = "model", .embedding = "model.embed_tokens", .norm = "model.norm"},
      .positions = "",
      .layers = "model.layers",
      .layer =
          {.attention = {.block = "self_attn",
                         .q = "self_attn.q_proj",
                         .k = "self_attn.k_proj",
                         .v = "self_attn.v_proj",
                         .qkv = "",
                         .out = "self_attn.o_proj"},
           .mlp = {.block = "mlp", .up = "mlp.up_proj", .down = "mlp.down_proj", .gate = "mlp.gate_proj"},
           .attention_norm = "input_layernorm",
           .mlp_norm = "post_attention_layernorm",
           .attention_post_norm = "",
           .mlp_post_norm = ""},
      // A buffer that transformers stored before 4.32: the frequencies of the default rotary embedding.
      .unused = {"self_attn.rotary_emb.inv_freq"}};
  return names;
}

DecoderConfig read_llama(const Json& config, const std::string& where) {
  const LlamaKeys keys = read_llama_keys(config, where, {});
  return llama_stack(keys, one_rope(keys, config, where), config, where);
}

DecoderConfig read_qwen2(const Json& config, const std::string& where) {
  LlamaKeys defaults;
  defaults.vocab_size = 151936;
  defaults.intermediate_size = 22016;
  const LlamaKeys keys = read_llama_keys(config, where, defaults);
  DecoderConfig stack = llama_stack(keys, one_rope(keys, config, where), config, where);
  for (LayerConfig& layer : stack.layers) {
    layer.attention.qkv_bias = true;
    layer.attention.out_bias = false;
    layer.mlp.bias = false;
  }
  add_windows(stack, config, where);
  return stack;
}

DecoderConfig read_qwen3(const Json& config, const std::string& where) {
  LlamaKeys defaults;
  defaults.vocab_size = 151936;
  defaults.intermediate_size = 22016;
  defaults.head_dim = 128;
  const LlamaKeys keys = read_llama_keys(config, where, defaults);
  DecoderConfig stack = llama_stack(keys, one_rope(keys, config, where), config, where);
  for (LayerConfig& layer : stack.layers) {
    layer.attention.head_norm = layer.norm;
    layer.mlp.bias = false;
  }
  add_windows(stack, config, where);
  return stack;
}

}  // namespace lrpp::transformer
