#pragma once

#include <lrpp/framework/io/tokenizer/aligned_text.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace lrpp::tokenization {

/// A step that splits the normalised text into pieces, each of which the model encodes on its own.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual void apply(PieceList& list) const = 0;
};

/// Reads the `pre_tokenizer` of tokenizer.json; UserError on types that are not supported. `depth` counts
/// Sequences.
std::unique_ptr<const PreTokenizer> read_pre_tokenizer(const nlohmann::json& json, const std::string& where,
                                                       int depth = 0);

/// How Metaspace marks the beginning of a text; also read by the decoder.
enum class PrependScheme { first, never, always };

/// Reads `prepend_scheme`, or `add_prefix_space` as older files have it.
PrependScheme read_prepend_scheme(const class JsonObject& json);

}  // namespace lrpp::tokenization
