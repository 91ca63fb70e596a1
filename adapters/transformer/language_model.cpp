#include <lrpp/adapters/transformer/language_model.h>
#include <lrpp/framework/ops/activations.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/wiring.h>

namespace lrpp::transformer {
namespace {

Tensor take_tied_head(Builder& builder, const LanguageModelConfig& config, const LanguageModelNames& names,
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

Value add_head(Builder& builder, const LanguageModelConfig& config, const LanguageModelNames& names,
               const Tensor& table, const std::string& where, Value hidden) {
  const std::string& name = config.head.classifier ? names.classifier : names.head;
  const LinearConfig shape{config.hidden_size, config.head.outputs, builder.contains(name + ".bias")};
  if (config.head.classifier) return builder.linear(name, shape, hidden);
  Value logits;
  if (config.tied_head) {
    const Tensor head = take_tied_head(builder, config, names, table, where);
    const Tensor bias = shape.bias ? builder.take(name + ".bias", {shape.out}) : Tensor();
    logits = builder.add(name, std::make_shared<ops::Linear>(head, bias), {hidden});
  } else {
    logits = builder.linear(name, shape, hidden);
  }
  if (!config.logit_cap) return logits;
  const ops::SoftCapAttributes cap{*config.logit_cap};
  return builder.add(name + ".soft_cap", std::make_shared<ops::SoftCap>(cap), {logits});
}

}  // namespace

Model build_language_model(const LanguageModelConfig& config, const LanguageModelNames& names,
                           const ModelDirectory& directory, const LoadOptions& options,
                           const AddLayers& add_layers) {
  Builder builder(directory, options, names.base);
  const Value ids = builder.graph().input("input_ids");
  const Tensor table = builder.take(names.embedding + ".weight", {config.vocab_size, config.hidden_size});
  const Value embeddings = builder.embedding(names.embedding, table, ids, config.embedding_scale);
  Value hidden = add_layers(builder, ids, embeddings);
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
  return model;
}

}  // namespace lrpp::transformer
