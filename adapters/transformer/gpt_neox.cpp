#include <lrpp/adapters/transformer/gpt.h>
#include <lrpp/adapters/transformer/rope_config.h>

namespace lrpp::transformer {
namespace {

/// The keys that change what the model computes, with the defaults of transformers' GPTNeoXConfig.
struct GptNeoxKeys {
  int64_t vocab_size = 50432;
  int64_t hidden_size = 6144;
  int64_t num_hidden_layers = 44;
  int64_t num_attention_heads = 64;
  int64_t intermediate_size = 24576;
  std::string hidden_act = "gelu";
  double layer_norm_eps = 1e-5;
  bool use_parallel_residual = true;
  bool attention_bias = true;
  bool tie_word_embeddings = false;
};

void check(const GptNeoxKeys& keys, const Json& config, const std::string& where) {
  require_plain_checkpoint(config, where);
  require_size(where, "vocab_size", keys.vocab_size);
  require_size(where, "hidden_size", keys.hidden_size);
  require_size(where, "intermediate_size", keys.intermediate_size);
  require_size(where, "num_attention_heads", keys.num_attention_heads);
  require_layers(where, "num_hidden_layers", keys.num_hidden_layers);
  require_heads(where, "hidden_size", keys.hidden_size, "num_attention_heads", keys.num_attention_heads);
  require_eps(where, "layer_norm_eps", keys.layer_norm_eps);
}

}  // namespace

DecoderConfig read_gpt_neox(const Json& config, const std::string& where) {
  const auto keys = from_json_value<GptNeoxKeys>(config, where, UnknownKeys::ignore);
  check(keys, config, where);
  LayerConfig layer = plain_layer(keys.hidden_size, keys.num_attention_heads, keys.intermediate_size);
  layer.norm.eps = keys.layer_norm_eps;
  layer.parallel = keys.use_parallel_residual;
  layer.attention.projection = Projection::fused_by_head;
  layer.attention.qkv_bias = layer.attention.out_bias = keys.attention_bias;
  layer.attention.causal = true;
  // Older configs call them rotary_emb_base and rotary_pct.
  const RopeDefaults rope{
      .theta = 10000,
      .partial = 0.25,
      .theta_key = config.contains("rope_theta") ? "rope_theta" : "rotary_emb_base",
      .partial_key = config.contains("rotary_pct") ? "rotary_pct" : "partial_rotary_factor"};
  layer.attention.rope =
      std::make_shared<ops::RopeTable>(read_rope(config, layer.attention.head_dim, rope, where));
  layer.mlp.activation = make_activation(keys.hidden_act, where);
  DecoderConfig stack;
  stack.frame.vocab_size = keys.vocab_size;
  stack.frame.hidden_size = keys.hidden_size;
  stack.layers.assign(static_cast<size_t>(keys.num_hidden_layers), layer);
  stack.frame.norm = layer.norm;
  stack.frame.tied_head = keys.tie_word_embeddings;
  stack.frame.head = read_head(config, keys.vocab_size, where);
  return stack;
}

const DecoderNames& gpt_neox_names() {
  static const DecoderNames names{
      .frame = {.base = "gpt_neox",
                .embedding = "gpt_neox.embed_in",
                .norm = "gpt_neox.final_layer_norm",
                .head = "embed_out"},
      .positions = "",
      .layers = "gpt_neox.layers",
      .layer = {.attention = {.block = "attention",
                              .q = "",
                              .k = "",
                              .v = "",
                              .qkv = "attention.query_key_value",
                              .out = "attention.dense"},
                .mlp = {.block = "mlp", .up = "mlp.dense_h_to_4h", .down = "mlp.dense_4h_to_h", .gate = ""},
                .attention_norm = "input_layernorm",
                .mlp_norm = "post_attention_layernorm",
                .attention_post_norm = "",
                .mlp_post_norm = ""},
      // Older checkpoints store the causal mask, the score of what it hides, and the rotary frequencies.
      .unused = {"attention.bias", "attention.masked_bias", "attention.rotary_emb.inv_freq"}};
  return names;
}

}  // namespace lrpp::transformer
