#include <lrpp/adapters/transformer/gpt.h>

namespace lrpp::transformer {
namespace {

/// The keys that change what the model computes, with the defaults of transformers' GPT2Config.
/// `reorder_and_upcast_attn` changes the order of roundings only: scores here are computed alike either way.
struct Gpt2Keys {
  int64_t vocab_size = 50257;
  int64_t n_positions = 1024;
  int64_t n_embd = 768;
  int64_t n_layer = 12;
  int64_t n_head = 12;
  std::optional<int64_t> n_inner;
  std::string activation_function = "gelu_new";
  double layer_norm_epsilon = 1e-5;
  bool scale_attn_weights = true;
  bool scale_attn_by_inverse_layer_idx = false;
  bool tie_word_embeddings = true;
};

void check(const Gpt2Keys& keys, const Json& config, const std::string& where) {
  require_plain_checkpoint(config, where);
  require_size(where, "vocab_size", keys.vocab_size);
  require_size(where, "n_positions", keys.n_positions);
  require_size(where, "n_embd", keys.n_embd);
  require_size(where, "n_head", keys.n_head);
  require_size(where, "n_inner", keys.n_inner.value_or(1));
  require_layers(where, "n_layer", keys.n_layer);
  require_heads(where, "n_embd", keys.n_embd, "n_head", keys.n_head);
  require_eps(where, "layer_norm_epsilon", keys.layer_norm_epsilon);
}

}  // namespace

DecoderConfig read_gpt2(const Json& config, const std::string& where) {
  const auto keys = from_json_value<Gpt2Keys>(config, where, UnknownKeys::ignore);
  check(keys, config, where);
  LayerConfig layer = plain_layer(keys.n_embd, keys.n_head, keys.n_inner.value_or(4 * keys.n_embd));
  layer.norm.eps = keys.layer_norm_epsilon;
  layer.attention.projection = Projection::fused;
  layer.attention.layout = layer.mlp.layout = Layout::in_out;
  layer.attention.causal = true;
  layer.mlp.activation = make_activation(keys.activation_function, where);
  DecoderConfig stack;
  stack.frame.vocab_size = keys.vocab_size;
  stack.frame.hidden_size = keys.n_embd;
  stack.max_positions = keys.n_positions;
  stack.frame.norm = layer.norm;
  stack.frame.tied_head = keys.tie_word_embeddings;
  stack.frame.head = read_head(config, keys.vocab_size, where);
  const double scale = keys.scale_attn_weights ? layer.attention.scale : 1;
  for (int64_t i = 0; i < keys.n_layer; ++i) {
    layer.attention.scale = keys.scale_attn_by_inverse_layer_idx ? scale / static_cast<double>(i + 1) : scale;
    stack.layers.push_back(layer);
  }
  return stack;
}

const DecoderNames& gpt2_names() {
  static const DecoderNames names{
      .frame = {.base = "transformer", .embedding = "transformer.wte", .norm = "transformer.ln_f"},
      .positions = "transformer.wpe",
      .layers = "transformer.h",
      .layer = {.attention =
                    {.block = "attn", .q = "", .k = "", .v = "", .qkv = "attn.c_attn", .out = "attn.c_proj"},
                .mlp = {.block = "mlp", .up = "mlp.c_fc", .down = "mlp.c_proj", .gate = ""},
                .attention_norm = "ln_1",
                .mlp_norm = "ln_2",
                .attention_post_norm = "",
                .mlp_post_norm = ""},
      // Older checkpoints store the causal mask and the score of what it hides.
      .unused = {"attn.bias", "attn.masked_bias"}};
  return names;
}

}  // namespace lrpp::transformer
