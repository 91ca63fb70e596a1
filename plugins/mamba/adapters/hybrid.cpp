#include <lrpp/framework/ops/wiring.h>
#include <lrpp/plugins/mamba/adapters/config.h>
#include <lrpp/plugins/mamba/adapters/hybrid.h>

#include <cmath>

namespace lrpp::mamba {
namespace {

struct LayerTypeKeys {
  std::optional<std::vector<std::string>> layers_block_type, layer_types;
};

/// Adds a part as the module `layer`.`module`.
struct AddPart {
  Builder& builder;
  const std::string &layer, &module;
  Value x;

  std::string below(const char* part) const { return module + "." + part; }

  Value operator()(const BlockConfig& config) const {
    return add_mixer(builder, layer + "." + module, config, x);
  }
  Value operator()(const Mamba2Config& config) const {
    return add_mamba2_mixer(builder, layer + "." + module, config, x);
  }
  Value operator()(const AttentionConfig& config) const {
    const transformer::AttentionNames names{.block = module,
                                            .q = below("q_proj"),
                                            .k = below("k_proj"),
                                            .v = below("v_proj"),
                                            .qkv = "",
                                            .out = below("o_proj")};
    return add_attention(builder, layer, names, config, x, std::nullopt);
  }
  Value operator()(const MlpConfig& config) const {
    const transformer::MlpNames names{
        .block = module, .up = below("up_proj"), .down = below("down_proj"), .gate = below("gate_proj")};
    return add_mlp(builder, layer, names, config, x);
  }
  Value operator()(const NamedMoe& moe) const { return add_moe(builder, layer, moe.names, moe.config, x); }
};

Value add_residual(Builder& builder, const HybridConfig& config, const Residual& residual, Value x) {
  const auto name = [&](const std::string& part) { return residual.layer + "." + part; };
  const Value seen = builder.norm(name(residual.norm), config.frame.norm, config.frame.hidden_size, x);
  const Value made = std::visit(AddPart{builder, residual.layer, residual.module, seen}, residual.part);
  return builder.add(name(residual.sum), std::make_shared<ops::Add>(), {x, made});
}

}  // namespace

Model build_hybrid(const HybridConfig& config, const ModelDirectory& directory, const LoadOptions& options) {
  const auto add_layers = [&](Builder& builder, Value, Value hidden) {
    if (config.residual_in_fp32) hidden = add_residual_cast(builder, config.names.base, hidden);
    for (const Residual& residual : config.residuals) {
      hidden = add_residual(builder, config, residual, hidden);
    }
    for (const std::string& name : directory.checkpoint.names()) {
      if (!config.unused.empty() && name.starts_with(config.unused)) builder.pass_over(name);
    }
    return hidden;
  };
  return transformer::build_language_model(config.frame, config.names, directory, options, add_layers);
}

HybridKeys read_hybrid_keys(const Json& config, const std::string& family, HybridKeys keys,
                            const std::string& where) {
  keys = from_json_value<HybridKeys>(config, where, UnknownKeys::ignore, keys);
  require_family(config, family, where);
  transformer::require_plain_checkpoint(config, where);
  transformer::require_size(where, "vocab_size", keys.vocab_size);
  transformer::require_size(where, "hidden_size", keys.hidden_size);
  transformer::require_layers(where, "num_hidden_layers", keys.num_hidden_layers);
  transformer::require_size(where, "mamba_d_state", keys.mamba_d_state);
  transformer::require_size(where, "mamba_d_conv", keys.mamba_d_conv);
  transformer::require_size(where, "mamba_expand", keys.mamba_expand);
  transformer::require_eps(where, "rms_norm_eps", keys.rms_norm_eps);
  return keys;
}

LanguageModelConfig make_frame(const HybridKeys& keys, transformer::Head head) {
  LanguageModelConfig frame;
  frame.vocab_size = keys.vocab_size;
  frame.hidden_size = keys.hidden_size;
  frame.norm = {/*rms=*/true, keys.rms_norm_eps};
  frame.tied_head = keys.tie_word_embeddings;
  frame.head = std::move(head);
  return frame;
}

HybridConfig make_two_part_layers(LanguageModelConfig frame, const std::vector<bool>& attends,
                                  const AttentionConfig& attention, const Part& mixer,
                                  const std::vector<Part>& feed_forward) {
  HybridConfig hybrid;
  hybrid.frame = std::move(frame);
  hybrid.names = {.base = "model", .embedding = "model.embed_tokens", .norm = "model.final_layernorm"};
  for (size_t i = 0; i < attends.size(); ++i) {
    const std::string layer = fmt::format("model.layers.{}", i);
    if (attends[i]) {
      hybrid.residuals.push_back({layer, "input_layernorm", "self_attn", "attention.add", attention});
    } else {
      hybrid.residuals.push_back({layer, "input_layernorm", "mamba", "mamba.add", mixer});
    }
    hybrid.residuals.push_back({layer, "pre_ff_layernorm", "feed_forward", "mlp.add", feed_forward[i]});
  }
  return hybrid;
}

AttentionConfig read_attention(const Json& config, int64_t hidden_size, const AttentionKeys& defaults,
                               const std::string& where) {
  const auto keys = from_json_value<AttentionKeys>(config, where, UnknownKeys::ignore, defaults);
  AttentionConfig attention;
  attention.hidden_size = hidden_size;
  attention.heads = keys.num_attention_heads;
  attention.kv_heads = keys.num_key_value_heads.value_or(keys.num_attention_heads);
  transformer::require_kv_heads(where, attention.heads, attention.kv_heads);
  if (!keys.head_dim) {
    transformer::require_heads(where, "hidden_size", hidden_size, "num_attention_heads", attention.heads);
  }
  attention.head_dim = keys.head_dim.value_or(hidden_size / attention.heads);
  transformer::require_size(where, "head_dim", attention.head_dim);
  attention.scale = 1 / std::sqrt(static_cast<double>(attention.head_dim));
  attention.qkv_bias = attention.out_bias = false;
  attention.causal = true;
  return attention;
}

std::optional<std::vector<std::string>> read_layer_types(const Json& config, std::optional<int64_t> layers,
                                                         const std::string& where) {
  auto [types, other] = from_json_value<LayerTypeKeys>(config, where, UnknownKeys::ignore);
  require(!types || !other || *types == *other, where,
          "has both 'layers_block_type' and 'layer_types', and they differ; keep one");
  if (!types) types = other;
  if (!types) return std::nullopt;
  for (std::string& type : *types) {
    if (type == "mamba") type = "linear_attention";
    if (type == "attention") type = "full_attention";
  }
  require(!layers || *layers == std::ssize(*types), where,
          "'layers_block_type' must have an entry for each of the {} layers; got {}", layers.value_or(0),
          types->size());
  return types;
}

void require_layer_types(const Json& config, const std::vector<bool>& attention, const char* source,
                         const std::string& where) {
  const auto types = read_layer_types(config, std::ssize(attention), where);
  if (!types) return;
  for (size_t i = 0; i < attention.size(); ++i) {
    const char* expected = attention[i] ? "full_attention" : "linear_attention";
    require((*types)[i] == expected, where,
            "'layers_block_type' must agree with {}, which make layer {} {}; got '{}'", source, i, expected,
            (*types)[i]);
  }
}

transformer::Head read_language_head(const Json& config, int64_t vocab_size, const std::string& family,
                                     const std::string& where) {
  transformer::Head head = transformer::read_head(config, vocab_size, where);
  require(!head.classifier, where,
          "'architectures' must name {}ForCausalLM, which is all that there is of this family; got '{}'",
          family, config["architectures"][0].get<std::string>());
  return head;
}

}  // namespace lrpp::mamba
