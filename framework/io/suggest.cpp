#include <fmt/format.h>
#include <lrpp/framework/io/suggest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace lrpp {
namespace {

// Beyond these, a message helps nobody, and comparing would take long.
constexpr std::size_t max_listed = 12;
constexpr std::size_t max_compared_length = 128;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Whether `distance` edits could be a slip in a name as long as `name`.
bool is_slip(std::string_view name, std::size_t distance) {
  return distance <= std::max<std::size_t>(1, name.size() / 3) && distance < name.size();
}

bool is_abbreviation(std::string_view name, std::string_view known) {
  return name.size() >= 3 && known.size() > name.size() &&
         edit_distance(name, known.substr(0, name.size())) == 0;
}

std::string listing(std::string_view name, const std::vector<KnownName>& known) {
  if (known.empty()) return "none is known";
  std::vector<std::size_t> distance(known.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    distance[i] = is_abbreviation(name, known[i].name) ? 1 : edit_distance(name, known[i].name);
  }
  std::vector<std::size_t> order(known.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return distance[a] < distance[b]; });
  std::string text = "known: ";
  for (std::size_t i = 0; i < std::min(max_listed, order.size()); ++i) {
    const KnownName& entry = known[order[i]];
    if (i > 0) text += ", ";
    text += entry.name;
    if (!entry.note.empty()) text += fmt::format(" ({})", entry.note);
  }
  if (order.size() > max_listed) text += fmt::format(" and {} more", order.size() - max_listed);
  const KnownName& nearest = known[order.front()];
  if (is_slip(name, distance[order.front()]) || is_abbreviation(name, nearest.name)) {
    text += fmt::format(". Did you mean '{}'?", nearest.name);
  }
  return text;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, max_compared_length);
  b = b.substr(0, max_compared_length);
  // Three rows of the dynamic programme: two back (for swaps), one back, and the present one.
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = lower(a[i - 1]), y = lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (x == y ? 0 : 1)});
      if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::optional<std::string> closest_name(std::string_view name, const std::vector<std::string>& known) {
  const std::string* nearest = nullptr;
  std::size_t smallest = SIZE_MAX;
  for (const std::string& candidate : known) {
    const std::size_t distance = is_abbreviation(name, candidate) ? 1 : edit_distance(name, candidate);
    if (distance < smallest) {
      smallest = distance;
      nearest = &candidate;
    }
  }
  if (nearest == nullptr || !(is_slip(name, smallest) || is_abbreviation(name, *nearest)))
    return std::nullopt;
  return *nearest;
}

std::string list_known(std::string_view name, std::vector<std::string> known) {
  std::vector<KnownName> entries;
  entries.reserve(known.size());
  for (std::string& entry : known) entries.push_back({std::move(entry), {}});
  return listing(name, entries);
}

std::string list_known_with_notes(std::string_view name, std::vector<KnownName> known) {
  return listing(name, known);
}

}  // namespace lrpp
