#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lrpp::tokenization {

/// A step that turns tokens back into text; what is left after the last step is joined.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual void apply(std::vector<std::string>& tokens) const = 0;
};

/// Reads the `decoder` of tokenizer.json; UserError on types that are not supported. `depth` counts
/// Sequences.
std::unique_ptr<const Decoder> read_decoder(const nlohmann::json& json, const std::string& where,
                                            int depth = 0);

}  // namespace lrpp::tokenization
