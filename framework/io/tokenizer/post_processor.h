#pragma once

#include <lrpp/framework/io/tokenizer/tokenizer.h>

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lrpp::tokenization {

/// A step that adds special tokens or narrows offsets. A step may leave the encoding in several parts, which
/// later steps treat one by one.
class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  virtual void apply(std::vector<Encoding>& parts, bool add_special_tokens) const = 0;
  /// How many tokens it adds to one text.
  virtual size_t added_tokens() const = 0;
};

/// Reads the `post_processor` of tokenizer.json; UserError on types that are not supported. `depth` counts
/// Sequences.
std::unique_ptr<const PostProcessor> read_post_processor(const nlohmann::json& json, const std::string& where,
                                                         int depth = 0);

/// Appends `part` to `encoding`.
void append(Encoding& encoding, Encoding part);

}  // namespace lrpp::tokenization
