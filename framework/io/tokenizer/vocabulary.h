#pragma once

#include <lrpp/framework/io/tokenizer/json_object.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lrpp::tokenization {

struct StringHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// Tokens and their ids, both unique. Views that it hands out live as long as it does.
class Vocabulary {
 public:
  /// UserError where the token or its id is there already.
  void add(const std::string& token, int64_t id, std::string_view where);

  std::optional<int64_t> find(std::string_view token) const;
  /// Null where there is none.
  const std::string* token(int64_t id) const;
  size_t size() const { return ids_.size(); }
  const auto& entries() const { return ids_; }

 private:
  std::unordered_map<std::string, int64_t, StringHash, std::equal_to<>> ids_;
  std::unordered_map<int64_t, const std::string*> tokens_;
};

/// Reads the key `vocab`: an object of token: id.
Vocabulary read_vocabulary(const JsonObject& model);

}  // namespace lrpp::tokenization
