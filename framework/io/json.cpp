#include <lrpp/framework/error.h>
#include <lrpp/framework/io/file.h>
#include <lrpp/framework/io/json.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace lrpp {
namespace {

constexpr std::size_t max_depth = 64;
constexpr std::uint64_t max_file_bytes = std::uint64_t{256} << 20;
constexpr std::size_t max_shown = 80;

// Numbers as long as the words they stand in for, so that positions in messages stay true. Nobody else spells
// so.
constexpr std::string_view infinity_word = "Infinity";
constexpr std::string_view infinity_number = "9e+00307";

std::string shorten(std::string text, std::size_t limit) {
  if (text.size() <= limit) return text;
  // Not in the middle of a UTF-8 character.
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  text.resize(limit);
  return text + "...";
}

/// Builds a value as nlohmann's own parser would, in linear time, and refuses deep nesting and duplicate
/// keys.
class Builder {
 public:
  Builder(std::string_view text, std::string_view where, Infinities infinities)
      : text_(text), where_(where), infinities_(infinities) {}

  Json take() { return std::move(root_); }

  bool null() { return put(Json(nullptr)); }
  bool boolean(bool value) { return put(Json(value)); }
  bool number_integer(Json::number_integer_t value) { return put(Json(value)); }
  bool number_unsigned(Json::number_unsigned_t value) { return put(Json(value)); }
  bool number_float(Json::number_float_t value, const std::string& token) {
    if (infinities_ == Infinities::accept) {
      constexpr double infinity = std::numeric_limits<double>::infinity();
      if (token == infinity_number) return put(Json(infinity));
      if (token.size() == infinity_number.size() + 1 && token.ends_with(infinity_number))
        return put(Json(-infinity));
    }
    return put(Json(value));
  }
  bool string(std::string& value) { return put(Json(std::move(value))); }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool key(std::string& name) {
    key_ = std::move(name);
    return true;
  }
  bool end_array() {
    stack_.pop_back();
    return true;
  }
  bool end_object() {
    std::vector<std::string_view> keys;
    for (const auto& member : stack_.back()->get_ref<const Json::object_t&>()) keys.push_back(member.first);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) {
      fail(where_, "every key of an object must differ; '{}' comes twice in {}",
           shorten(std::string(*twice), max_shown), path());
    }
    stack_.pop_back();
    return true;
  }

  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& error) {
    const std::string_view read = text_.substr(0, std::min(position, text_.size()));
    const auto line = 1 + std::count(read.begin(), read.end(), '\n');
    const std::size_t newline = read.rfind('\n');
    const std::size_t column = newline == std::string_view::npos ? read.size() : read.size() - newline - 1;
    std::string_view message = error.what();
    // nlohmann's own head ("[json.exception.parse_error.101] parse error at line 1, column 2: ") repeats the
    // position.
    if (const auto end = message.find("] "); end != std::string_view::npos) message.remove_prefix(end + 2);
    if (message.starts_with("parse error")) {
      if (const auto end = message.find(": "); end != std::string_view::npos) message.remove_prefix(end + 2);
    }
    fail(where_, "invalid JSON at line {}, column {}: {}", line, column, shorten(std::string(message), 300));
  }

 private:
  bool put(Json value) {
    place(std::move(value));
    return true;
  }

  Json* place(Json value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Json& parent = *stack_.back();
    if (parent.is_array()) {
      auto& elements = parent.get_ref<Json::array_t&>();
      elements.push_back(std::move(value));
      return &elements.back();
    }
    append_member(parent, std::move(key_), std::move(value));
    return &parent.get_ref<Json::object_t&>().back().second;
  }

  bool open(Json container) {
    if (stack_.size() >= max_depth) {
      fail(where_, "JSON may be nested at most {} levels deep; it goes deeper in {}", max_depth,
           shorten(path(), max_shown));
    }
    stack_.push_back(place(std::move(container)));
    return true;
  }

  /// Where the innermost open container is: "the top level", "'model.layers[3]'".
  std::string path() const {
    std::string text;
    for (std::size_t i = 0; i + 1 < stack_.size(); ++i) {
      const Json& container = *stack_[i];
      if (container.is_array()) {
        text += fmt::format("[{}]", container.size() - 1);
      } else {
        text += (text.empty() ? "" : ".") + container.get_ref<const Json::object_t&>().back().first;
      }
    }
    return text.empty() ? "the top level" : "'" + text + "'";
  }

  std::string_view text_;
  std::string_view where_;
  Infinities infinities_;
  Json root_;
  std::vector<Json*> stack_;
  std::string key_;
};

/// `text` with the words Infinity outside strings replaced by numbers of the same length.
std::string replace_infinities(std::string_view text) {
  const auto ends_value = [](char c) {
    return std::string_view(" \t\r\n,:[]{}").find(c) != std::string_view::npos;
  };
  std::string out(text);
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string) {
      if (text[i] == '\\')
        ++i;
      else if (text[i] == '"')
        in_string = false;
    } else if (text[i] == '"') {
      in_string = true;
    } else if (text[i] == 'I' && text.substr(i, infinity_word.size()) == infinity_word) {
      const std::size_t begin = i > 0 && text[i - 1] == '-' ? i - 1 : i;
      const std::size_t end = i + infinity_word.size();
      if ((begin == 0 || ends_value(text[begin - 1])) && (end == text.size() || ends_value(text[end]))) {
        out.replace(i, infinity_word.size(), infinity_number);
      }
      i = end - 1;
    }
  }
  return out;
}

}  // namespace

Json parse_json(std::string_view text, std::string_view where, Infinities infinities) {
  // nlohmann's lexer takes a NUL for the end of the text, and would not see what follows.
  const std::size_t nul = text.find('\0');
  require(nul == std::string_view::npos, where, "JSON must not hold NUL bytes; byte {} is one", nul);
  std::string replaced;
  const std::string_view original = text;
  if (infinities == Infinities::accept && text.find(infinity_word) != std::string_view::npos) {
    replaced = replace_infinities(text);
    text = replaced;
  }
  Builder builder(original, where, infinities);
  const bool parsed = Json::sax_parse(text.begin(), text.end(), &builder);
  LRPP_ASSERT(parsed, "the JSON parser stopped without an error");
  return builder.take();
}

Json read_json(const std::filesystem::path& path, Infinities infinities) {
  const std::string text = read_file(path, max_file_bytes, "json");
  const std::string where = fmt::format("json {}", path.string());
  require(text.find_first_not_of(" \t\r\n") != std::string::npos, where,
          "a JSON value is required; the file is empty");
  return parse_json(text, where, infinities);
}

void append_member(Json& object, std::string key, Json value) {
  object.get_ref<Json::object_t&>().emplace_back(std::move(key), std::move(value));
}

std::string describe_value(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return fmt::format("an object of {} {}", value.size(), value.size() == 1 ? "key" : "keys");
    case Json::value_t::array:
      return fmt::format("an array of {}", value.size());
    case Json::value_t::string:
      // Cut before it is quoted: the string may be long.
      return "the string " + Json(shorten(value.get<std::string>(), max_shown))
                                 .dump(-1, ' ', false, Json::error_handler_t::replace);
    case Json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    default:
      return "the number " + value.dump();
  }
}

}  // namespace lrpp
