#pragma once

#include <lrpp/framework/error.h>
#include <lrpp/framework/io/json.h>
#include <lrpp/framework/io/suggest.h>

#include <array>
#include <boost/pfr/core.hpp>
#include <boost/pfr/core_name.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lrpp {

/// What `from_json_value` does with a key that the struct does not have.
enum class UnknownKeys { error, ignore };

/// One field of a parameter struct, for listings.
struct ParameterInfo {
  std::string name;
  std::string
      type;  ///< "number", "integer", "boolean", "string", "object", "array of integer", "number or null"
  Json default_value;
};

/// A struct that the functions below read and write: an aggregate of bool, integers, double, std::string,
/// std::vector and std::optional of those, and nested structs of the same kind.
template <class T>
concept Reflected = std::is_aggregate_v<T> && std::is_class_v<T> && std::default_initializable<T>;

namespace reflect {

template <class T>
struct IsVector : std::false_type {};
template <class E>
struct IsVector<std::vector<E>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class E>
struct IsOptional<std::optional<E>> : std::true_type {};
template <class T>
inline constexpr bool always_false = false;

/// How messages are headed, which key they name ("sizes[2]", "ssm.rank"; empty at the top), and the mode.
struct Place {
  std::string_view where;
  std::string key;
  UnknownKeys unknown;
};

[[noreturn]] void fail_type(const Place& place, std::string_view required, const Json& got);
[[noreturn]] void fail_unknown_key(const Place& place, const std::string& key,
                                   const std::vector<ParameterInfo>& known);
double read_number(const Json& value, const Place& place);
Json number_to_json(double value);
/// The integer that `value` holds, which must lie in [low, high].
std::int64_t read_integer(const Json& value, std::int64_t low, std::int64_t high, const Place& place);

template <class T>
std::string type_name() {
  if constexpr (std::is_same_v<T, bool>) {
    return "boolean";
  } else if constexpr (std::is_integral_v<T>) {
    return "integer";
  } else if constexpr (std::is_same_v<T, double>) {
    return "number";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "string";
  } else if constexpr (IsVector<T>::value) {
    return "array of " + type_name<typename T::value_type>();
  } else if constexpr (IsOptional<T>::value) {
    return type_name<typename T::value_type>() + " or null";
  } else if constexpr (Reflected<T>) {
    return "object";
  } else {
    static_assert(always_false<T>, "a field of this type cannot be reflected; see lrpp::Reflected");
  }
}

/// Calls `visit(name, field)` for each field in order; `T` may be const.
template <class T, class Visit>
void for_each_field(T& value, Visit&& visit) {
  using Struct = std::remove_const_t<T>;
  if constexpr (boost::pfr::tuple_size_v < Struct >> 0) {
    constexpr auto names = boost::pfr::names_as_array<Struct>();
    boost::pfr::for_each_field(value, [&](auto& field, std::size_t i) { visit(names[i], field); });
  }
}

template <class T>
Json write(const T& value) {
  if constexpr (std::is_same_v<T, double>) {
    return number_to_json(value);
  } else if constexpr (std::is_integral_v<T> || std::is_same_v<T, std::string>) {
    return Json(value);
  } else if constexpr (IsVector<T>::value) {
    Json array = Json::array();
    for (const typename T::value_type& element : value) array.push_back(write(element));
    return array;
  } else if constexpr (IsOptional<T>::value) {
    return value ? write(*value) : Json(nullptr);
  } else if constexpr (Reflected<T>) {
    Json object = Json::object();
    for_each_field(value, [&](std::string_view name, const auto& field) {
      append_member(object, std::string(name), write(field));
    });
    return object;
  } else {
    static_assert(always_false<T>, "a field of this type cannot be reflected; see lrpp::Reflected");
  }
}

template <class T>
std::vector<ParameterInfo> describe_fields(const T& defaults) {
  std::vector<ParameterInfo> fields;
  for_each_field(defaults, [&](std::string_view name, const auto& field) {
    fields.push_back({std::string(name), type_name<std::remove_cvref_t<decltype(field)>>(), write(field)});
  });
  return fields;
}

/// Reads `value` into `field`, whose present value stands for what `value` leaves out.
template <class T>
void read(const Json& value, T& field, const Place& place) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) fail_type(place, "true or false", value);
    field = value.template get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    static_assert(std::is_signed_v<T>,
                  "use a signed integer: sizes and counts here are int64_t, as in LibTorch");
    field = static_cast<T>(
        read_integer(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), place));
  } else if constexpr (std::is_same_v<T, double>) {
    field = read_number(value, place);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!value.is_string()) fail_type(place, "a string", value);
    field = value.template get<std::string>();
  } else if constexpr (IsVector<T>::value) {
    if (!value.is_array()) fail_type(place, "an " + type_name<T>(), value);
    T elements;
    elements.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
      typename T::value_type element{};
      read(value[i], element, Place{place.where, fmt::format("{}[{}]", place.key, i), place.unknown});
      elements.push_back(std::move(element));
    }
    field = std::move(elements);
  } else if constexpr (IsOptional<T>::value) {
    if (value.is_null()) {
      field.reset();
    } else {
      typename T::value_type element{};
      read(value, element, place);
      field = std::move(element);
    }
  } else if constexpr (Reflected<T>) {
    if (!value.is_object()) fail_type(place, "an object", value);
    for (const auto& item : value.items()) {
      const std::string& key = item.key();
      bool known = false;
      for_each_field(field, [&](std::string_view name, auto& target) {
        if (name != key) return;
        known = true;
        std::string path = place.key.empty() ? key : place.key + "." + key;
        read(item.value(), target, Place{place.where, std::move(path), place.unknown});
      });
      if (!known && place.unknown == UnknownKeys::error) fail_unknown_key(place, key, describe_fields(T{}));
    }
  } else {
    static_assert(always_false<T>, "a field of this type cannot be reflected; see lrpp::Reflected");
  }
}

template <class T>
bool equal(const T& a, const T& b) {
  if constexpr (IsVector<T>::value) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!equal<typename T::value_type>(a[i], b[i])) return false;
    }
    return true;
  } else if constexpr (IsOptional<T>::value) {
    return a.has_value() == b.has_value() && (!a || equal(*a, *b));
  } else if constexpr (Reflected<T>) {
    bool same = true;
    if constexpr (boost::pfr::tuple_size_v < T >> 0) {
      const auto left = boost::pfr::structure_tie(a);
      const auto right = boost::pfr::structure_tie(b);
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        same = (equal(std::get<I>(left), std::get<I>(right)) && ...);
      }
      (std::make_index_sequence<boost::pfr::tuple_size_v<T>>());
    }
    return same;
  } else {
    return a == b;
  }
}

}  // namespace reflect

/// A struct as a JSON object, fields in the order of their declaration. An infinite number becomes the string
/// "Infinity" or "-Infinity", since JSON has no such number; `from_json_value` reads it back.
template <Reflected T>
Json to_json_value(const T& value) {
  return reflect::write(value);
}

/// A struct from a JSON object: keys that are absent keep the value that `start` has. `where` heads the
/// messages, such as
/// "[rule epsilon] unknown parameter 'epsilonn'; known: epsilon (number, default 1e-06). Did you mean
/// 'epsilon'?". Throws UserError for an unknown key (unless ignored), a wrong type, a number that is no
/// integer or out of range where an integer is required, NaN, and null for a field that is not optional.
template <Reflected T>
T from_json_value(const Json& value, std::string_view where, UnknownKeys unknown = UnknownKeys::error,
                  T start = T{}) {
  reflect::read(value, start, reflect::Place{where, {}, unknown});
  return start;
}

/// The fields of a struct with their types and default values, in order.
template <Reflected T>
std::vector<ParameterInfo> describe() {
  return reflect::describe_fields(T{});
}

/// Whether all fields are equal, exactly (a NaN equals nothing).
template <Reflected T>
bool reflect_equal(const T& a, const T& b) {
  return reflect::equal(a, b);
}

}  // namespace lrpp
