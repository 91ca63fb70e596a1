#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lrpp {

/// A name that would have been accepted, and what to say of it in brackets (may be empty).
struct KnownName {
  std::string name;
  std::string note;
};

/// The number of insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`, letter
/// case set aside (optimal string alignment distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known name nearest to `name`, or nothing where none is close enough to be a slip of the pen.
std::optional<std::string> closest_name(std::string_view name, const std::vector<std::string>& known);

/// The tail of an error about an unknown name: "known: a, b, c. Did you mean 'a'?", nearest first; long lists
/// are cut and say how many names they leave out.
std::string list_known(std::string_view name, std::vector<std::string> known);

/// The same, each name followed by its note: "known: epsilon (number, default 1e-06)".
std::string list_known_with_notes(std::string_view name, std::vector<KnownName> known);

}  // namespace lrpp
