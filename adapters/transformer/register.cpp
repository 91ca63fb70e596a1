#include <lrpp/adapters/transformer/encoder.h>
#include <lrpp/adapters/transformer/gpt.h>
#include <lrpp/adapters/transformer/llama.h>
#include <lrpp/adapters/transformer/register.h>
#include <lrpp/adapters/transformer/vision.h>

namespace lrpp {
namespace {

using namespace transformer;

/// An adapter's `load`: the config read by `read`, and the graph put together from it by `build`.
template <class Config, class Names>
auto load_with(Config (*read)(const Json&, const std::string&), const Names& (*names)(),
               Model (*build)(const Config&, const Names&, const ModelDirectory&, const LoadOptions&)) {
  return [=](const ModelDirectory& directory, const LoadOptions& options) {
    const std::string where = fmt::format("config {}", (directory.path / "config.json").string());
    return build(read(directory.config, where), names(), directory, options);
  };
}

}  // namespace

void register_transformer(Registry& registry) {
  const auto decoder = [&](const char* type, const char* summary, auto read, auto names) {
    registry.add_adapter({type, summary, "attn-lrp", {}, load_with(read, names, build_decoder)});
  };
  decoder("gpt2", "GPT-2 language models and classifiers", read_gpt2, gpt2_names);
  decoder("gpt_neox", "GPT-NeoX and Pythia language models and classifiers", read_gpt_neox, gpt_neox_names);
  decoder("llama", "Llama language models and classifiers", read_llama, llama_names);
  decoder("qwen2", "Qwen2 language models and classifiers", read_qwen2, llama_names);
  decoder("qwen3", "Qwen3 language models and classifiers", read_qwen3, llama_names);
  decoder("gemma2", "Gemma 2 language models and classifiers", read_gemma2, gemma_names);
  decoder("gemma3_text", "Gemma 3 language models and classifiers, text only", read_gemma3, gemma_names);
  const auto encoder = [&](const char* type, const char* summary, auto read, auto names) {
    registry.add_adapter({type, summary, "attn-lrp", {}, load_with(read, names, build_encoder)});
  };
  encoder("bert", "BERT classifiers", read_bert, bert_names);
  encoder("distilbert", "DistilBERT classifiers", read_distilbert, distilbert_names);
  encoder("roberta", "RoBERTa classifiers", read_roberta, roberta_names);
  const auto vision = [&](const char* type, const char* summary, auto read, auto names, auto recognizes) {
    registry.add_adapter({type, summary, "attn-lrp", recognizes, load_with(read, names, build_vision)});
  };
  vision("vit", "ViT image classifiers", read_vit, vit_names, nullptr);
  vision("deit", "DeiT image classifiers without a teacher", read_vit, deit_names, nullptr);
  vision("torchvision_vit", "torchvision's VisionTransformer (no model_type needed)", read_torchvision_vit,
         torchvision_vit_names, is_torchvision_vit);
}

}  // namespace lrpp
