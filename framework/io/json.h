#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lrpp {

/// JSON whose objects keep the order of their keys. Looking a key up is linear in the object's size: iterate
/// over large objects (`items()`) rather than asking them for many keys.
using Json = nlohmann::ordered_json;

/// What a parser makes of `Infinity` and `-Infinity`, which JSON does not have but Python's json module
/// writes: model configurations hold them. `NaN` is always refused.
enum class Infinities { refuse, accept };

/// The value that `text` holds. Throws UserError on a syntax error (with line and column), a duplicate key,
/// values nested deeper than 64 levels, invalid UTF-8 and numbers beyond float64. `where` heads the message.
Json parse_json(std::string_view text, std::string_view where, Infinities infinities = Infinities::refuse);

/// `parse_json` of a file of at most 256 MiB. A missing, empty or unreadable file and a directory are
/// UserErrors.
Json read_json(const std::filesystem::path& path, Infinities infinities = Infinities::refuse);

/// Adds a member at the end of an object without searching for the key, which must be new: linear time for n
/// members, where `object[key] = value` takes quadratic time.
void append_member(Json& object, std::string key, Json value);

/// `value` for an error message: "the string \"abc\"", "the number 3.5", "null", "an array of 3"; long ones
/// are cut.
std::string describe_value(const Json& value);

}  // namespace lrpp
