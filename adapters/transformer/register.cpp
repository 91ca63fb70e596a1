#include <lrpp/adapters/transformer/gpt.h>
#include <lrpp/adapters/transformer/llama.h>
#include <lrpp/adapters/transformer/register.h>

namespace lrpp {
namespace {

using namespace transformer;

void add_decoder(Registry& registry, std::string model_type, std::string summary,
                 DecoderConfig (*read)(const Json&, const std::string&), const DecoderNames& (*names)()) {
  registry.add_adapter({std::move(model_type),
                        std::move(summary),
                        "gradient-x-input",
                        {},
                        [read, names](const ModelDirectory& directory, const LoadOptions& options) {
                          const auto path = (directory.path / "config.json").string();
                          const DecoderConfig config = read(directory.config, fmt::format("config {}", path));
                          return build_decoder(config, names(), directory, options);
                        }});
}

}  // namespace

void register_transformer(Registry& registry) {
  add_decoder(registry, "gpt2", "GPT-2 language models and classifiers", read_gpt2, gpt2_names);
  add_decoder(registry, "gpt_neox", "GPT-NeoX and Pythia language models and classifiers", read_gpt_neox,
              gpt_neox_names);
  add_decoder(registry, "llama", "Llama language models and classifiers", read_llama, llama_names);
  add_decoder(registry, "qwen2", "Qwen2 language models and classifiers", read_qwen2, llama_names);
  add_decoder(registry, "qwen3", "Qwen3 language models and classifiers", read_qwen3, llama_names);
  add_decoder(registry, "gemma2", "Gemma 2 language models and classifiers", read_gemma2, gemma_names);
  add_decoder(registry, "gemma3_text", "Gemma 3 language models and classifiers (text only)", read_gemma3,
              gemma_names);
}

}  // namespace lrpp
