#include <lrpp/framework/ops/embedding.h>
#include <lrpp/framework/ops/linear.h>
#include <lrpp/framework/ops/norms.h>
#include <lrpp/framework/ops/wiring.h>
#include <lrpp/plugins/mamba/adapters/block.h>
#include <lrpp/plugins/mamba/adapters/language_model.h>

namespace lrpp::mamba {

Model build_stack(const StackConfig& config, const ModelDirectory& directory, const LoadOptions& options) {
  Weights weights(directory, options);
  GraphBuilder builder;
  const int64_t D = config.block.hidden_size;
  const Tensor table = weights.take(config.embedding + ".weight", {config.vocab_size, D});
  const Value ids = builder.input("input_ids");
  const Value embeddings = builder.add(config.embedding, std::make_shared<ops::Embedding>(table), {ids});
  Value hidden = embeddings;
  if (config.residual_in_fp32 && options.dtype == at::kBFloat16) {
    hidden = builder.add("backbone.residual_cast", std::make_shared<ops::Cast>(), {hidden});
  }
  for (int64_t i = 0; i < config.num_layers; ++i) {
    hidden = add_block(builder, weights, "backbone.layers." + std::to_string(i), config.block, hidden);
  }
  if (!options.every_position) {
    const Value position = builder.input("position");
    hidden = builder.add("backbone.select_token", std::make_shared<ops::SelectToken>(), {hidden, position});
  }
  const Tensor gain = weights.take("backbone.norm_f.weight", {D});
  const Value normed =
      builder.add("backbone.norm_f",
                  std::make_shared<ops::RmsNorm>(gain, ops::NormAttributes{config.block.norm_eps}), {hidden});
  const bool stored = !config.tied_head || weights.contains("lm_head.weight");
  const Tensor head = stored ? weights.take("lm_head.weight", {config.num_outputs, D}) : table;
  // Some exports of tied checkpoints store the head beside the table it is tied to.
  require(!config.tied_head || at::equal(head, table), fmt::format("checkpoint {}", directory.path.string()),
          "the config ties the head to the embedding, but 'lm_head.weight' differs from '{}.weight'",
          config.embedding);
  const Tensor bias = !config.labels.empty() && weights.contains("lm_head.bias")
                          ? weights.take("lm_head.bias", {config.num_outputs})
                          : Tensor();
  const Value logits = builder.add("lm_head", std::make_shared<ops::Linear>(head, bias), {normed});
  weights.finish();

  Model model;
  model.graph = std::move(builder).finish(embeddings, logits);
  model.task = config.labels.empty() ? "language model" : "classifier";
  model.labels = config.labels;
  model.vocabulary_size = config.vocab_size;
  return model;
}

}  // namespace lrpp::mamba
