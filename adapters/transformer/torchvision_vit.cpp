#include <lrpp/adapters/transformer/vision.h>
#include <lrpp/framework/labels.h>

namespace lrpp::transformer {
namespace {

struct TorchvisionKeys {
  std::string architecture, source;
  double layer_norm_eps = 1e-6;
  std::string activation = "gelu (erf)";
  int64_t image_size = 0;
  int64_t patch_size = 0;
  int64_t num_layers = 0;
  int64_t num_heads = 0;
  int64_t hidden_dim = 0;
  int64_t mlp_dim = 0;
  int64_t num_classes = 0;
};

}  // namespace

bool is_torchvision_vit(const Json& config) {
  const auto architecture = config.find("architecture");
  return architecture != config.end() && *architecture == "vision_transformer";
}

VisionConfig read_torchvision_vit(const Json& config, const std::string& where) {
  Json own = config;
  own.erase("id2label");
  own.erase("label2id");
  own.erase("model_type");
  const auto keys = from_json_value<TorchvisionKeys>(own, where);
  require(keys.source == "torchvision", where, "'source' must be \"torchvision\"; got \"{}\"", keys.source);
  require(keys.activation == "gelu (erf)", where,
          "'activation' must be \"gelu (erf)\"; got \"{}\", which this adapter does not support",
          keys.activation);
  require_size(where, "image_size", keys.image_size);
  require_size(where, "patch_size", keys.patch_size);
  require_size(where, "num_heads", keys.num_heads);
  require_size(where, "hidden_dim", keys.hidden_dim);
  require_size(where, "mlp_dim", keys.mlp_dim);
  require_size(where, "num_classes", keys.num_classes);
  require_layers(where, "num_layers", keys.num_layers);
  require_heads(where, "hidden_dim", keys.hidden_dim, "num_heads", keys.num_heads);
  require_eps(where, "layer_norm_eps", keys.layer_norm_eps);
  VisionConfig vision;
  vision.frame.hidden_size = keys.hidden_dim;
  vision.frame.image_height = vision.frame.image_width = keys.image_size;
  vision.frame.patch_height = vision.frame.patch_width = keys.patch_size;
  require_patches(vision.frame, where);
  vision.num_layers = keys.num_layers;
  vision.layer = plain_layer(keys.hidden_dim, keys.num_heads, keys.mlp_dim);
  vision.layer.norm.eps = vision.frame.norm.eps = keys.layer_norm_eps;
  vision.layer.attention.projection = Projection::fused;
  vision.layer.mlp.activation = make_activation("gelu", where);
  vision.frame.head = {true, keys.num_classes, labels_of(config, keys.num_classes, where)};
  return vision;
}

const VisionNames& torchvision_vit_names() {
  static const VisionNames names{
      .frame = {.base = "encoder",
                .projection = "conv_proj",
                .tokens = {.before = {"class_token"}},
                .positions = "encoder.pos_embedding",
                .norm = "encoder.ln",
                .classifier = "heads.head"},
      .layers = "encoder.layers.encoder_layer_",
      .layer = {.attention = {.block = "self_attention",
                              .q = "",
                              .k = "",
                              .v = "",
                              .qkv = "self_attention.in_proj",
                              .out = "self_attention.out_proj"},
                .mlp = {.block = "mlp", .up = "mlp.0", .down = "mlp.3", .gate = ""},
                .attention_norm = "ln_1",
                .mlp_norm = "ln_2",
                .attention_post_norm = "",
                .mlp_post_norm = ""}};
  return names;
}

}  // namespace lrpp::transformer
