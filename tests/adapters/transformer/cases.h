#pragma once

#include <lrpp/tests/support/models.h>

#include <string>
#include <vector>

namespace lrpp::testing {

/// Fixtures whose logits are [B,T,V] at every position, with configs of transformers 5.17 (hf-forward)
/// and 4.52 (lxt, and hf-options, which has what the others leave out).
inline std::vector<std::string> language_models() {
  return {"hf-forward/gpt2",          "hf-forward/gpt-neox",      "hf-forward/llama-gqa",
          "hf-forward/qwen2",         "hf-forward/qwen3",         "hf-forward/gemma2",
          "hf-forward/gemma3",        "lxt/gpt2-attnlrp",         "lxt/llama-attnlrp",
          "lxt/qwen2-attnlrp",        "lxt/qwen3-attnlrp",        "lxt/gemma3-attnlrp",
          "hf-options/llama-llama3",  "hf-options/llama-yarn",    "hf-options/llama-dynamic",
          "hf-options/llama-options", "hf-options/gemma3-linear", "hf-options/neox-sequential"};
}

/// Fixtures whose logits are [B,C], of text and of images.
inline std::vector<std::string> text_classifiers() {
  return {"hf-forward/bert",
          "hf-forward/distilbert",
          "hf-forward/roberta",
          "lxt/bert-attnlrp",
          "hf-options/bert-quick-gelu",
          "hf-options/roberta-padding",
          "hf-options/gpt2-classifier",
          "hf-options/llama-classifier",
          "hf-options/gemma2-classifier"};
}
inline std::vector<std::string> image_classifiers() {
  return {"hf-forward/vit", "hf-forward/deit", "lxt/vit-cp-lrp", "hf-options/vit-rectangle"};
}

inline std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline std::vector<std::string> text_models() { return joined(language_models(), text_classifiers()); }
inline std::vector<std::string> classifiers() { return joined(text_classifiers(), image_classifiers()); }
inline std::vector<std::string> all_models() { return joined(language_models(), classifiers()); }

}  // namespace lrpp::testing
