#include <lrpp/adapters/transformer/encoder.h>
#include <lrpp/framework/ops/concat.h>
#include <lrpp/framework/ops/position_ids.h>
#include <lrpp/framework/ops/wiring.h>

namespace lrpp::transformer {
namespace {

/// The word embeddings, and their sum with those of token types and positions after its norm.
struct Embedded {
  Value words, tokens;
};

Embedded add_embeddings(Builder& builder, const EncoderConfig& config, const EncoderNames& names, Value ids) {
  const auto name = [&](const char* part) { return names.embeddings + "." + part; };
  const auto look_up = [&](const char* part, int64_t rows, Value index) {
    const Tensor table = builder.take(name(part) + ".weight", {rows, config.hidden_size});
    return builder.embedding(name(part), table, index);
  };
  const auto add = [&](const char* part, Value a, Value b) {
    return builder.add(name(part), std::make_shared<ops::Add>(), {a, b});
  };
  const Value words = look_up("word_embeddings", config.vocab_size, ids);
  Value sum = words;
  if (config.token_types > 0) {
    const Value types = builder.graph().input("token_type_ids");
    sum = add("token_type_add", sum, look_up("token_type_embeddings", config.token_types, types));
  }
  const ops::PositionIdsAttributes counting{config.padding_idx};
  const Value index = builder.add(name("position_ids"), std::make_shared<ops::PositionIds>(counting), {ids});
  sum = add("position_add", sum, look_up("position_embeddings", config.max_positions, index));
  // Buffers that older checkpoints store.
  builder.pass_over(name("position_ids"));
  builder.pass_over(name("token_type_ids"));
  return {words, builder.norm(name("LayerNorm"), config.layer.norm, config.hidden_size, sum)};
}

}  // namespace

Model build_encoder(const EncoderConfig& config, const EncoderNames& names, const ModelDirectory& directory,
                    const LoadOptions& options) {
  require(!options.every_position, "model",
          "a classifier of whole inputs has no output at every position; load it without every_position");
  Builder builder(directory, options, names.base);
  const Value ids = builder.graph().input("input_ids");
  const Value mask = builder.graph().input("attention_mask");
  const auto [words, tokens] = add_embeddings(builder, config, names, ids);
  Value hidden = tokens;
  for (int64_t i = 0; i < config.num_layers; ++i) {
    hidden =
        add_layer(builder, fmt::format("{}.{}", names.layers, i), names.layer, config.layer, hidden, mask);
  }
  const int64_t D = config.hidden_size;
  hidden = builder.add(names.base + ".select_token", std::make_shared<ops::SelectIndex>(), {hidden});
  hidden = builder.linear(names.dense, {D, D}, hidden);
  hidden = builder.add(names.act, config.head_activation, {hidden});
  const Value logits = builder.linear(names.classifier, {D, config.head.outputs}, hidden);
  for (const std::string& unused : names.unused) builder.pass_over(unused);
  builder.finish_weights();

  Model model;
  model.graph = std::move(builder.graph()).finish(words, logits);
  model.task = "classifier";
  model.labels = config.head.labels;
  model.vocabulary_size = config.vocab_size;
  model.max_tokens = config.max_positions - (config.padding_idx ? *config.padding_idx + 1 : 0);
  model.token_types = config.token_types;
  return model;
}

}  // namespace lrpp::transformer
