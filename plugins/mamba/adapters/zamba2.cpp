#include <lrpp/framework/ops/concat.h>
#include <lrpp/plugins/mamba/adapters/zamba2.h>

namespace lrpp::mamba {
namespace {

/// "model.layers.3"
std::string layer_name(size_t layer) { return fmt::format("model.layers.{}", layer); }

/// The layers with a block, in their order: the i-th has block i modulo the number of blocks.
std::vector<size_t> hybrid_layers(const Zamba2Config& config) {
  std::vector<size_t> layers;
  for (size_t i = 0; i < config.hybrid.size(); ++i) {
    if (config.hybrid[i]) layers.push_back(i);
  }
  return layers;
}

void tie_blocks(Builder& builder, const Zamba2Config& config) {
  const std::vector<size_t> layers = hybrid_layers(config);
  for (size_t block = 0; block < static_cast<size_t>(config.blocks); ++block) {
    std::vector<std::string> prefixes;
    for (size_t i = block; i < layers.size(); i += static_cast<size_t>(config.blocks)) {
      prefixes.push_back(layer_name(layers[i]) + ".shared_transformer");
    }
    if (prefixes.size() < 2) continue;
    builder.tie(prefixes, "the config lets layers share a block");
  }
}

/// What block number `turn` (of those that are run, not of those that are stored) makes of the residual
/// stream beside the embeddings, and a linear layer of that: [B,T,D].
Value add_block(Builder& builder, const Zamba2Config& config, const std::string& layer, size_t turn,
                Value hidden, Value embeddings) {
  const int64_t D = config.frame.hidden_size;
  const std::string block = layer + ".shared_transformer";
  const auto adapter = [&](const char* module) { return fmt::format("{}.{}", module, turn); };
  const ops::ConcatAttributes side_by_side{2, /*dim=*/-1};
  const Value both =
      builder.add(block + ".concat", std::make_shared<ops::Concat>(side_by_side), {hidden, embeddings});
  const Value seen = builder.norm(block + ".input_layernorm", config.frame.norm, 2 * D, both);
  const transformer::AttentionNames attention{.block = "self_attn",
                                              .q = "self_attn.q_proj",
                                              .k = "self_attn.k_proj",
                                              .v = "self_attn.v_proj",
                                              .qkv = "",
                                              .out = "self_attn.o_proj",
                                              .q_adapter = adapter("self_attn.linear_q_adapter_list"),
                                              .k_adapter = adapter("self_attn.linear_k_adapter_list"),
                                              .v_adapter = adapter("self_attn.linear_v_adapter_list")};
  const Value attended = add_attention(builder, block, attention, config.attention, seen, std::nullopt);
  const Value read = builder.norm(block + ".pre_ff_layernorm", config.frame.norm, D, attended);
  const transformer::MlpNames mlp{.block = "feed_forward",
                                  .up = "",
                                  .down = "feed_forward.down_proj",
                                  .gate = "",
                                  .gate_up = "feed_forward.gate_up_proj",
                                  .gate_up_adapter = adapter("feed_forward.gate_up_proj_adapter_list")};
  const Value thought = add_mlp(builder, block, mlp, config.mlp, read);
  return builder.linear(layer + ".linear", {D, D, /*bias=*/false}, thought);
}

/// hidden + mixer(norm(hidden + more)), with the modules below `prefix`.
Value add_mamba_layer(Builder& builder, const Zamba2Config& config, const std::string& prefix, Value hidden,
                      std::optional<Value> more) {
  Value x = hidden;
  if (more) x = builder.add(prefix + ".block_add", std::make_shared<ops::Add>(), {hidden, *more});
  x = builder.norm(prefix + ".input_layernorm", config.frame.norm, config.frame.hidden_size, x);
  const Value mixed = add_mamba2_mixer(builder, prefix + ".mamba", config.mixer, x);
  return builder.add(prefix + ".mamba.add", std::make_shared<ops::Add>(), {hidden, mixed});
}

}  // namespace

Model build_zamba2(const Zamba2Config& config, const ModelDirectory& directory, const LoadOptions& options) {
  const auto add_layers = [&](Builder& builder, Value, Value embeddings) {
    tie_blocks(builder, config);
    Value hidden = embeddings;
    size_t turn = 0;
    for (size_t i = 0; i < config.hybrid.size(); ++i) {
      const std::string layer = layer_name(i);
      if (config.hybrid[i]) {
        const Value more = add_block(builder, config, layer, turn++, hidden, embeddings);
        hidden = add_mamba_layer(builder, config, layer + ".mamba_decoder", hidden, more);
      } else {
        hidden = add_mamba_layer(builder, config, layer, hidden, std::nullopt);
      }
    }
    return hidden;
  };
  const transformer::LanguageModelNames names{
      .base = "model", .embedding = "model.embed_tokens", .norm = "model.final_layernorm"};
  return transformer::build_language_model(config.frame, names, directory, options, add_layers);
}

}  // namespace lrpp::mamba
