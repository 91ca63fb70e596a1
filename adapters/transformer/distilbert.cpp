#include <lrpp/adapters/transformer/encoder.h>
#include <lrpp/framework/ops/activations.h>

namespace lrpp::transformer {
namespace {

/// The keys that change what the model computes, with the defaults of transformers' DistilBertConfig.
/// Position embeddings are read from the checkpoint, whether they were learned or made of sines.
struct DistilBertKeys {
  int64_t vocab_size = 30522;
  int64_t max_position_embeddings = 512;
  int64_t n_layers = 6;
  int64_t n_heads = 12;
  int64_t dim = 768;
  int64_t hidden_dim = 3072;
  std::string activation = "gelu";
};

void check(const DistilBertKeys& keys, const Json& config, const std::string& where) {
  require_plain_checkpoint(config, where);
  require_size(where, "vocab_size", keys.vocab_size);
  require_size(where, "max_position_embeddings", keys.max_position_embeddings);
  require_size(where, "dim", keys.dim);
  require_size(where, "hidden_dim", keys.hidden_dim);
  require_size(where, "n_heads", keys.n_heads);
  require_layers(where, "n_layers", keys.n_layers);
  require_heads(where, "dim", keys.dim, "n_heads", keys.n_heads);
}

}  // namespace

EncoderConfig read_distilbert(const Json& config, const std::string& where) {
  const auto keys = from_json_value<DistilBertKeys>(config, where, UnknownKeys::ignore);
  check(keys, config, where);
  EncoderConfig stack;
  stack.vocab_size = keys.vocab_size;
  stack.hidden_size = keys.dim;
  stack.max_positions = keys.max_position_embeddings;
  stack.num_layers = keys.n_layers;
  stack.layer = plain_layer(keys.dim, keys.n_heads, keys.hidden_dim);
  stack.layer.placement = NormPlacement::after;
  stack.layer.norm.eps = 1e-12;
  stack.layer.mlp.activation = make_activation(keys.activation, where);
  stack.head_activation = std::make_shared<ops::Relu>();
  stack.head = read_classifier(config, where);
  return stack;
}

const EncoderNames& distilbert_names() {
  static const EncoderNames names{
      .base = "distilbert",
      .embeddings = "distilbert.embeddings",
      .layers = "distilbert.transformer.layer",
      .layer = {.attention = {.block = "attention",
                              .q = "attention.q_lin",
                              .k = "attention.k_lin",
                              .v = "attention.v_lin",
                              .qkv = "",
                              .out = "attention.out_lin"},
                .mlp = {.block = "mlp", .up = "ffn.lin1", .down = "ffn.lin2", .gate = ""},
                .attention_norm = "sa_layer_norm",
                .mlp_norm = "output_layer_norm",
                .attention_post_norm = "",
                .mlp_post_norm = ""},
      .dense = "pre_classifier",
      .act = "pre_classifier.act",
      .classifier = "classifier"};
  return names;
}

}  // namespace lrpp::transformer
