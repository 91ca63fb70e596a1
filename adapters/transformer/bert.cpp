#include <lrpp/adapters/transformer/encoder.h>
#include <lrpp/framework/ops/activations.h>

#include <cmath>

namespace lrpp::transformer {
namespace {

/// The keys that change what the model computes, with the defaults of transformers' BertConfig.
struct BertKeys {
  int64_t vocab_size = 30522;
  int64_t hidden_size = 768;
  int64_t num_hidden_layers = 12;
  int64_t num_attention_heads = 12;
  int64_t intermediate_size = 3072;
  std::string hidden_act = "gelu";
  int64_t max_position_embeddings = 512;
  int64_t type_vocab_size = 2;
  double layer_norm_eps = 1e-12;
  std::optional<int64_t> pad_token_id = 0;
};

void check(const BertKeys& keys, const Json& config, const std::string& where) {
  require_plain_checkpoint(config, where);
  require_option(config, "is_decoder", false, where);
  require_option(config, "position_embedding_type", "absolute", where);
  require_size(where, "vocab_size", keys.vocab_size);
  require_size(where, "hidden_size", keys.hidden_size);
  require_size(where, "num_attention_heads", keys.num_attention_heads);
  require_size(where, "intermediate_size", keys.intermediate_size);
  require_size(where, "max_position_embeddings", keys.max_position_embeddings);
  require_size(where, "type_vocab_size", keys.type_vocab_size);
  require_layers(where, "num_hidden_layers", keys.num_hidden_layers);
  require_heads(where, "hidden_size", keys.hidden_size, "num_attention_heads", keys.num_attention_heads);
  require_eps(where, "layer_norm_eps", keys.layer_norm_eps);
}

EncoderConfig bert_stack(const BertKeys& keys, const Json& config, const std::string& where) {
  check(keys, config, where);
  EncoderConfig stack;
  stack.vocab_size = keys.vocab_size;
  stack.hidden_size = keys.hidden_size;
  stack.max_positions = keys.max_position_embeddings;
  stack.token_types = keys.type_vocab_size;
  stack.num_layers = keys.num_hidden_layers;
  stack.layer = plain_layer(keys.hidden_size, keys.num_attention_heads, keys.intermediate_size);
  stack.layer.placement = NormPlacement::after;
  stack.layer.norm.eps = keys.layer_norm_eps;
  stack.layer.mlp.activation = make_activation(keys.hidden_act, where);
  stack.head_activation = std::make_shared<ops::Tanh>();
  stack.head = read_classifier(config, where);
  return stack;
}

}  // namespace

EncoderConfig read_bert(const Json& config, const std::string& where) {
  return bert_stack(from_json_value<BertKeys>(config, where, UnknownKeys::ignore), config, where);
}

const EncoderNames& bert_names() {
  static const EncoderNames names{
      .base = "bert",
      .embeddings = "bert.embeddings",
      .layers = "bert.encoder.layer",
      .layer = {.attention = {.block = "attention.self",
                              .q = "attention.self.query",
                              .k = "attention.self.key",
                              .v = "attention.self.value",
                              .qkv = "",
                              .out = "attention.output.dense"},
                .mlp = {.block = "mlp", .up = "intermediate.dense", .down = "output.dense", .gate = ""},
                .attention_norm = "attention.output.LayerNorm",
                .mlp_norm = "output.LayerNorm",
                .attention_post_norm = "",
                .mlp_post_norm = ""},
      .dense = "bert.pooler.dense",
      .act = "bert.pooler.act",
      .classifier = "classifier"};
  return names;
}

EncoderConfig read_roberta(const Json& config, const std::string& where) {
  BertKeys defaults;
  defaults.vocab_size = 50265;
  defaults.pad_token_id = 1;
  const auto keys = from_json_value<BertKeys>(config, where, UnknownKeys::ignore, defaults);
  EncoderConfig stack = bert_stack(keys, config, where);
  require(
      keys.pad_token_id && *keys.pad_token_id >= 0 && *keys.pad_token_id + 1 < keys.max_position_embeddings,
      where,
      "'pad_token_id', from which positions are counted, must lie in [0, max_position_embeddings - 1); got "
      "{}",
      keys.pad_token_id ? std::to_string(*keys.pad_token_id) : "null");
  stack.padding_idx = *keys.pad_token_id;
  return stack;
}

const EncoderNames& roberta_names() {
  static const EncoderNames names = [] {
    EncoderNames roberta = bert_names();
    roberta.base = "roberta";
    roberta.embeddings = "roberta.embeddings";
    roberta.layers = "roberta.encoder.layer";
    roberta.dense = "classifier.dense";
    roberta.act = "classifier.act";
    roberta.classifier = "classifier.out_proj";
    // Classifiers trained from the first checkpoints still hold the pooler, which they never used.
    roberta.unused = {"roberta.pooler.dense.weight", "roberta.pooler.dense.bias"};
    return roberta;
  }();
  return names;
}

}  // namespace lrpp::transformer
