#include <lrpp/adapters/transformer/decoder.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/position_ids.h>
#include <lrpp/framework/ops/wiring.h>

namespace lrpp::transformer {
namespace {

/// "transformer.wte" -> "transformer": where what is no module of its own is named.
std::string beside(const std::string& module) { return module.substr(0, module.rfind('.')); }

Value add_positions(Builder& builder, const DecoderConfig& config, const DecoderNames& names, Value ids,
                    Value embeddings) {
  const std::string home = beside(names.positions);
  const Value index = builder.add(home + ".position_ids", std::make_shared<ops::PositionIds>(), {ids});
  const Tensor table = builder.take(names.positions + ".weight", {config.max_positions, config.hidden_size});
  const Value positions = builder.embedding(names.positions, table, index);
  return builder.add(home + ".position_add", std::make_shared<ops::Add>(), {embeddings, positions});
}

Tensor take_tied_head(Builder& builder, const DecoderConfig& config, const DecoderNames& names,
                      const Tensor& table, const std::string& where) {
  const std::string name = names.head + ".weight";
  if (!builder.contains(name)) return table;
  // Some exports of tied checkpoints store the head beside the table it is tied to.
  const Tensor head = builder.take(name, {config.vocab_size, config.hidden_size});
  require(at::equal(head, table), where,
          "the config ties the head to the embedding, but '{}' differs from '{}.weight'", name,
          names.embedding);
  return table;
}

Value add_head(Builder& builder, const DecoderConfig& config, const DecoderNames& names, const Tensor& table,
               const std::string& where, Value hidden) {
  const LinearConfig shape{config.hidden_size, config.head.outputs, /*bias=*/false};
  if (config.head.classifier) return builder.linear(names.classifier, shape, hidden);
  Value logits;
  if (config.tied_head) {
    const Tensor head = take_tied_head(builder, config, names, table, where);
    logits = builder.add(names.head, std::make_shared<ops::Linear>(head), {hidden});
  } else {
    logits = builder.linear(names.head, shape, hidden);
  }
  if (!config.logit_cap) return logits;
  const ops::SoftCapAttributes cap{*config.logit_cap};
  return builder.add(names.head + ".soft_cap", std::make_shared<ops::SoftCap>(cap), {logits});
}

}  // namespace

Model build_decoder(const DecoderConfig& config, const DecoderNames& names, const ModelDirectory& directory,
                    const LoadOptions& options) {
  Builder builder(directory, options, names.base);
  const Value ids = builder.graph().input("input_ids");
  const Tensor table = builder.take(names.embedding + ".weight", {config.vocab_size, config.hidden_size});
  const Value embeddings = builder.embedding(names.embedding, table, ids, config.embedding_scale);
  Value hidden = embeddings;
  if (config.max_positions > 0) hidden = add_positions(builder, config, names, ids, hidden);
  for (size_t i = 0; i < config.layers.size(); ++i) {
    const std::string layer = fmt::format("{}.{}", names.layers, i);
    hidden = add_layer(builder, layer, names.layer, config.layers[i], hidden);
    for (const std::string& unused : names.unused) builder.pass_over(layer + "." + unused);
  }
  if (!options.every_position) {
    const Value position = builder.graph().input("position");
    hidden =
        builder.add(names.base + ".select_token", std::make_shared<ops::SelectToken>(), {hidden, position});
  }
  hidden = builder.norm(names.norm, config.norm, config.hidden_size, hidden);
  const std::string where = fmt::format("checkpoint {}", directory.path.string());
  const Value logits = add_head(builder, config, names, table, where, hidden);
  builder.finish_weights();

  Model model;
  model.graph = std::move(builder.graph()).finish(embeddings, logits);
  model.task = config.head.classifier ? "classifier" : "language model";
  model.labels = config.head.labels;
  model.vocabulary_size = config.vocab_size;
  model.max_tokens = config.max_positions;
  return model;
}

}  // namespace lrpp::transformer
