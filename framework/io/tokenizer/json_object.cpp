#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/json_object.h>
#include <lrpp/framework/io/tokenizer/unicode.h>

#include <algorithm>
#include <fstream>
#include <unordered_set>
#include <vector>

namespace lrpp::tokenization {
namespace {

using nlohmann::json;

constexpr int max_json_depth = 64;
constexpr size_t shown_bytes = 60;

/// Sees every key while a file is parsed: JSON libraries keep the last of two equal keys without a word.
class KeyGuard {
 public:
  explicit KeyGuard(std::string where) : where_(std::move(where)) {}

  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    require(depth <= max_json_depth, where_,
            "nesting must not be deeper than {}; deeper came. Is this a tokenizer?", max_json_depth);
    const auto level = static_cast<size_t>(std::max(depth, 0));
    if (event == json::parse_event_t::object_start) {
      if (keys_.size() <= level + 1) keys_.resize(level + 2);
      keys_[level + 1].clear();
    } else if (event == json::parse_event_t::key) {
      if (keys_.size() <= level) keys_.resize(level + 1);
      const bool is_new = keys_[level].insert(parsed.get_ref<const std::string&>()).second;
      require(is_new, where_, "keys must be unique in an object; {} came twice. Remove one",
              describe(parsed));
    }
    return true;
  }

 private:
  std::string where_;
  std::vector<std::unordered_set<std::string>> keys_;
};

}  // namespace

json parse_json_file(const std::filesystem::path& file) {
  const std::string where = file.string();
  std::error_code error;
  require(std::filesystem::is_regular_file(file, error), where,
          "a tokenizer.json is required; there is no such file. Check the path");
  std::ifstream stream(file, std::ios::binary);
  require(stream.good(), where, "the file must be readable; it could not be opened. Check its permissions");
  try {
    return json::parse(stream,
                       [guard = KeyGuard(where)](int depth, json::parse_event_t event, json& parsed) mutable {
                         return guard(depth, event, parsed);
                       });
  } catch (const json::exception& e) {
    fail(where, "the file must be JSON; the parser says: {}. Download or save it again", e.what());
  }
}

std::string describe(const json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    return fmt::format("a string `{}{}`", utf8_lossy(std::string_view(text).substr(0, shown_bytes)),
                       text.size() > shown_bytes ? "..." : "");
  }
  if (value.is_number() || value.is_boolean()) return fmt::format("`{}`", value.dump());
  if (value.is_null()) return "null";
  if (value.is_array()) return fmt::format("an array of {}", value.size());
  return fmt::format("an {}", value.type_name());
}

const std::string& as_string(const json& value, std::string_view where) {
  require(value.is_string(), where, "a string is required; {} came. Correct the file", describe(value));
  const auto& text = value.get_ref<const std::string&>();
  const size_t wrong = find_invalid_utf8(text);
  require(wrong == std::string_view::npos, where,
          "strings must be UTF-8; byte {} of this one is not. Save the file as UTF-8", wrong);
  return text;
}

int64_t as_id(const json& value, std::string_view where) {
  constexpr uint64_t limit = uint64_t{1} << 32;
  const bool fits = value.is_number_unsigned() ? value.get<uint64_t>() < limit
                                               : value.is_number_integer() && value.get<int64_t>() >= 0;
  require(fits, where, "an integer from 0 to 4294967295 is required; {} came. Correct the file",
          describe(value));
  const auto id = value.get<uint64_t>();
  require(id < limit, where, "an integer from 0 to 4294967295 is required; {} came. Correct the file", id);
  return static_cast<int64_t>(id);
}

const json& as_array(const nlohmann::json& value, std::string_view where) {
  require(value.is_array(), where, "an array is required; {} came. Correct the file", describe(value));
  return value;
}

JsonObject::JsonObject(const nlohmann::json& value, std::string where)
    : value_(&value), where_(std::move(where)) {
  require(value.is_object(), where_, "an object is required; {} came. Correct the file", describe(value));
}

void JsonObject::allow_only(std::initializer_list<std::string_view> keys) const {
  for (auto it = value_->begin(); it != value_->end(); ++it) {
    const std::string_view key = it.key();
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      fail(where_,
           "known keys are {}; `{}` came. A newer format may give it a meaning that this reader would miss",
           fmt::join(keys, ", "), utf8_lossy(key.substr(0, shown_bytes)));
    }
  }
}

const nlohmann::json* JsonObject::find(std::string_view key) const {
  const auto it = value_->find(std::string(key));
  return it == value_->end() || it->is_null() ? nullptr : &*it;
}

const nlohmann::json& JsonObject::required(std::string_view key) const {
  const nlohmann::json* value = find(key);
  require(value != nullptr, where_, "the key `{}` is required; it is absent or null. Add it", key);
  return *value;
}

std::string JsonObject::string(std::string_view key) const { return as_string(required(key), at(key)); }

char32_t JsonObject::character(std::string_view key) const {
  const std::string text = string(key);
  require(count_code_points(text) == 1, at(key),
          "exactly one character is required; {} came. Correct the file", describe(required(key)));
  size_t position = 0;
  return next_code_point(text, position);
}

bool JsonObject::boolean(std::string_view key) const {
  const nlohmann::json& value = required(key);
  require(value.is_boolean(), at(key), "true or false is required; {} came. Correct the file",
          describe(value));
  return value.get<bool>();
}

bool JsonObject::boolean(std::string_view key, bool fallback) const {
  return find(key) == nullptr ? fallback : boolean(key);
}

int64_t JsonObject::id(std::string_view key) const { return as_id(required(key), at(key)); }

std::optional<std::string> JsonObject::optional_string(std::string_view key) const {
  if (find(key) == nullptr) return std::nullopt;
  return string(key);
}

void JsonObject::fail_type(std::string_view kind, std::string_view supported) const {
  fail(where_,
       "a supported {} is required: {}; {} came. Convert the tokenizer, or give input ids instead of text",
       kind, supported, describe(required("type")));
}

}  // namespace lrpp::tokenization
