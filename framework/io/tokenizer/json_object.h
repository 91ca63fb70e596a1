#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace lrpp::tokenization {

/// How deep Sequences may be nested in each other: real files need two levels.
inline constexpr int max_nesting = 16;

/// Parses a file. UserError on malformed JSON, a key given twice, or nesting that no tokenizer has.
nlohmann::json parse_json_file(const std::filesystem::path& file);

/// "an array", "a string `xyz`": what came instead of what was required.
std::string describe(const nlohmann::json& value);

/// `value` as a string of valid UTF-8, or a UserError.
const std::string& as_string(const nlohmann::json& value, std::string_view where);
/// `value` as an integer in [0, 2^32), as ids are, or a UserError.
int64_t as_id(const nlohmann::json& value, std::string_view where);
const nlohmann::json& as_array(const nlohmann::json& value, std::string_view where);

/// A JSON object with the place where it was found. Every accessor throws a UserError that names place and
/// key.
class JsonObject {
 public:
  JsonObject(const nlohmann::json& value, std::string where);

  const nlohmann::json& json() const { return *value_; }
  const std::string& where() const { return where_; }
  /// The place of the value of `key`.
  std::string at(std::string_view key) const { return where_ + "." + std::string(key); }

  /// UserError if there is a key not listed.
  void allow_only(std::initializer_list<std::string_view> keys) const;

  /// Null where the key is absent or its value is null.
  const nlohmann::json* find(std::string_view key) const;
  const nlohmann::json& required(std::string_view key) const;

  std::string string(std::string_view key) const;
  /// One character.
  char32_t character(std::string_view key) const;
  bool boolean(std::string_view key) const;
  bool boolean(std::string_view key, bool fallback) const;
  int64_t id(std::string_view key) const;
  std::optional<std::string> optional_string(std::string_view key) const;
  /// The value of the key `type`.
  std::string type() const { return string("type"); }

  /// Throws: `type` is not one of `supported`.
  [[noreturn]] void fail_type(std::string_view kind, std::string_view supported) const;

 private:
  const nlohmann::json* value_;
  std::string where_;
};

}  // namespace lrpp::tokenization
