#pragma once

#include <lrpp/framework/io/tokenizer/aligned_text.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace lrpp::tokenization {

/// A step that rewrites the text before it is split.
class Normalizer {
 public:
  virtual ~Normalizer() = default;
  virtual void apply(AlignedText& text) const = 0;
};

/// Reads the `normalizer` of tokenizer.json; UserError on types that are not supported. `depth` counts
/// Sequences.
std::unique_ptr<const Normalizer> read_normalizer(const nlohmann::json& json, const std::string& where,
                                                  int depth = 0);

/// SentencePiece's `precompiled_charsmap`, as base64: a table of strings and their replacements.
std::unique_ptr<const Normalizer> make_precompiled_normalizer(const std::string& charsmap,
                                                              const std::string& where);

}  // namespace lrpp::tokenization
