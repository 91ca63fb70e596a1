#include <lrpp/framework/error.h>
#include <lrpp/framework/labels.h>

#include <algorithm>
#include <charconv>

namespace lrpp {
namespace {

/// The member of a config, or null where it is absent or null.
const Json* find(const Json& config, const char* key) {
  const auto found = config.find(key);
  return found == config.end() || found->is_null() ? nullptr : &*found;
}

/// The class that a key of `id2label` stands for, or -1.
int64_t class_of(const std::string& key, int64_t count) {
  int64_t number = -1;
  std::from_chars(key.data(), key.data() + key.size(), number);
  return number < count && std::to_string(number) == key ? number : -1;
}

}  // namespace

int64_t num_labels_of(const Json& config, const std::string& where) {
  if (const Json* number = find(config, "num_labels")) {
    require(number->is_number_integer() && *number > 0 && *number <= max_labels, where,
            "'num_labels' must be an integer between 1 and 2^20; got {}", describe_value(*number));
    return number->get<int64_t>();
  }
  const Json* names = find(config, "id2label");
  if (names == nullptr) return 2;
  require(names->is_object() && !names->empty() && static_cast<int64_t>(names->size()) <= max_labels, where,
          "'id2label' must be an object with a name for each of up to 2^20 classes; got {}",
          describe_value(*names));
  return static_cast<int64_t>(names->size());
}

std::vector<std::string> labels_of(const Json& config, int64_t count, const std::string& where,
                                   std::string_view prefix) {
  std::vector<std::string> labels(static_cast<size_t>(count));
  const Json* names = find(config, "id2label");
  if (names == nullptr) {
    for (int64_t i = 0; i < count; ++i) labels[static_cast<size_t>(i)] = fmt::format("{}{}", prefix, i);
    return labels;
  }
  require(names->is_object(), where, "'id2label' must be an object; got {}", describe_value(*names));
  std::vector<bool> named(labels.size(), false);
  // Once through the object: to look keys up in it takes linear time each, and there may be thousands.
  for (const auto& [key, name] : names->items()) {
    const int64_t i = class_of(key, count);
    require(i >= 0, where, "'id2label' must name the classes 0 to {}; got the key \"{}\"", count - 1, key);
    require(name.is_string(), where, "'id2label' must give class \"{}\" a string; got {}", key,
            describe_value(name));
    labels[static_cast<size_t>(i)] = name.get<std::string>();
    named[static_cast<size_t>(i)] = true;
  }
  const auto missing = std::find(named.begin(), named.end(), false);
  require(missing == named.end(), where, "'id2label' must name each of the {} classes; \"{}\" has no name",
          count, missing - named.begin());
  return labels;
}

}  // namespace lrpp
