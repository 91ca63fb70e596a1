#include <lrpp/framework/io/reflect_json.h>

#include <cmath>

namespace lrpp::reflect {
namespace {

/// "'epsilon' must be", or "the value must be" at the top.
std::string subject(const Place& place) {
  return place.key.empty() ? std::string("the value") : fmt::format("'{}'", place.key);
}

}  // namespace

void fail_type(const Place& place, std::string_view required, const Json& got) {
  fail(place.where, "{} must be {}; got {}", subject(place), required, describe_value(got));
}

void fail_unknown_key(const Place& place, const std::string& key, const std::vector<ParameterInfo>& known) {
  std::vector<KnownName> names;
  for (const ParameterInfo& field : known) {
    names.push_back({field.name, fmt::format("{}, default {}", field.type, field.default_value.dump())});
  }
  const std::string in = place.key.empty() ? std::string() : fmt::format(" in '{}'", place.key);
  fail(place.where, "unknown parameter '{}'{}; {}", key.substr(0, 200), in,
       list_known_with_notes(key, std::move(names)));
}

double read_number(const Json& value, const Place& place) {
  if (value.is_number()) {
    const double number = value.get<double>();
    if (std::isnan(number)) fail(place.where, "{} must be a number; got NaN", subject(place));
    return number;
  }
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  }
  fail_type(place, "a number", value);
}

Json number_to_json(double value) {
  if (std::isinf(value)) return Json(value > 0 ? "Infinity" : "-Infinity");
  return Json(value);
}

std::int64_t read_integer(const Json& value, std::int64_t low, std::int64_t high, const Place& place) {
  if (!value.is_number_integer()) fail_type(place, "an integer", value);
  // A positive literal is stored unsigned, and may exceed int64.
  const bool too_big =
      value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(high);
  const std::int64_t number = too_big ? 0 : value.get<std::int64_t>();
  if (too_big || number < low || number > high) {
    fail(place.where, "{} must be an integer from {} to {}; got {}", subject(place), low, high, value.dump());
  }
  return number;
}

}  // namespace lrpp::reflect
