#include <lrpp/adapters/transformer/vision.h>

#include <tuple>

namespace lrpp::transformer {
namespace {

/// The keys that change what the model computes, with the defaults of transformers' ViTConfig and DeiTConfig;
/// image_size and patch_size are read apart.
struct VitKeys {
  int64_t hidden_size = 768;
  int64_t num_hidden_layers = 12;
  int64_t num_attention_heads = 12;
  int64_t intermediate_size = 3072;
  std::string hidden_act = "gelu";
  double layer_norm_eps = 1e-12;
  int64_t num_channels = 3;
  bool qkv_bias = true;
};

LayerNames vit_layer_names() {
  return {.attention = {.block = "attention.attention",
                        .q = "attention.attention.query",
                        .k = "attention.attention.key",
                        .v = "attention.attention.value",
                        .qkv = "",
                        .out = "attention.output.dense"},
          .mlp = {.block = "mlp", .up = "intermediate.dense", .down = "output.dense", .gate = ""},
          .attention_norm = "layernorm_before",
          .mlp_norm = "layernorm_after",
          .attention_post_norm = "",
          .mlp_post_norm = ""};
}

VisionNames huggingface_names(const std::string& base, const std::vector<std::string>& tokens) {
  VisionNames names{.frame = {.base = base,
                              .projection = base + ".embeddings.patch_embeddings.projection",
                              .tokens = {},
                              .positions = base + ".embeddings.position_embeddings",
                              .norm = base + ".layernorm",
                              .classifier = "classifier",
                              // Of pretraining: a classifier of the class token uses neither.
                              .unused = {base + ".pooler.dense.weight", base + ".pooler.dense.bias",
                                         base + ".embeddings.mask_token"}},
                    .layers = base + ".encoder.layer.",
                    .layer = vit_layer_names()};
  for (const std::string& token : tokens) names.frame.tokens.before.push_back(base + ".embeddings." + token);
  return names;
}

}  // namespace

VisionConfig read_vit(const Json& config, const std::string& where) {
  const auto keys = from_json_value<VitKeys>(config, where, UnknownKeys::ignore);
  require_plain_checkpoint(config, where);
  require_size(where, "hidden_size", keys.hidden_size);
  require_size(where, "num_attention_heads", keys.num_attention_heads);
  require_size(where, "intermediate_size", keys.intermediate_size);
  require_size(where, "num_channels", keys.num_channels);
  require_layers(where, "num_hidden_layers", keys.num_hidden_layers);
  require_heads(where, "hidden_size", keys.hidden_size, "num_attention_heads", keys.num_attention_heads);
  require_eps(where, "layer_norm_eps", keys.layer_norm_eps);
  VisionConfig vision;
  vision.frame.hidden_size = keys.hidden_size;
  vision.frame.channels = keys.num_channels;
  std::tie(vision.frame.image_height, vision.frame.image_width) =
      read_extent(config, "image_size", 224, where);
  std::tie(vision.frame.patch_height, vision.frame.patch_width) =
      read_extent(config, "patch_size", 16, where);
  require_patches(vision.frame, where);
  vision.num_layers = keys.num_hidden_layers;
  vision.layer = plain_layer(keys.hidden_size, keys.num_attention_heads, keys.intermediate_size);
  vision.layer.norm.eps = vision.frame.norm.eps = keys.layer_norm_eps;
  vision.layer.attention.qkv_bias = keys.qkv_bias;
  vision.layer.mlp.activation = make_activation(keys.hidden_act, where);
  vision.frame.head = read_classifier(config, where);
  return vision;
}

const VisionNames& vit_names() {
  static const VisionNames names = huggingface_names("vit", {"cls_token"});
  return names;
}

const VisionNames& deit_names() {
  static const VisionNames names = huggingface_names("deit", {"cls_token", "distillation_token"});
  return names;
}

}  // namespace lrpp::transformer
