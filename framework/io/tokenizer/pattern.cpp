#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/pattern.h>

#include <algorithm>
#include <utility>

namespace lrpp::tokenization {
namespace {

void add_match(std::vector<Segment>& out, size_t begin, size_t end) {
  const size_t last = out.empty() ? 0 : out.back().end;
  if (last != begin) out.push_back({last, begin, false});
  out.push_back({begin, end, true});
}

void find_all(const std::string& needle, std::string_view text, std::vector<Segment>& out) {
  if (needle.empty()) {  // Matches between any two characters, as an empty regular expression does.
    for (size_t i = 0; i < text.size(); next_code_point(text, i)) add_match(out, i, i);
    return add_match(out, text.size(), text.size());
  }
  for (size_t at = 0; (at = text.find(needle, at)) != std::string_view::npos; at += needle.size()) {
    add_match(out, at, at + needle.size());
  }
}

void find_all(const Regex& regex, std::string_view text, std::vector<Segment>& out) {
  for (size_t from = 0; from <= text.size();) {
    const auto match = regex.find(text, from);
    if (!match) return;
    const auto [begin, end] = *match;
    if (begin == end && !out.empty() && out.back().end == end) {
      // An empty match directly behind another one does not count; search on behind the next character.
      if (from >= text.size()) return;
      next_code_point(text, from);
      continue;
    }
    add_match(out, begin, end);
    from = end;
  }
}

}  // namespace

Pattern::Pattern(const JsonObject& parent) {
  const JsonObject object(parent.required("pattern"), parent.at("pattern"));
  object.allow_only({"String", "Regex"});
  const bool is_regex = object.find("Regex") != nullptr;
  require(is_regex != (object.find("String") != nullptr), object.where(),
          "either `String` or `Regex` is required; {} came. Correct the file", describe(object.json()));
  if (is_regex) {
    pattern_.emplace<Regex>(object.string("Regex"), object.at("Regex"));
  } else {
    pattern_ = object.string("String");
  }
}

std::vector<Segment> Pattern::segments(std::string_view text) const {
  if (text.empty()) return {{0, 0, false}};
  std::vector<Segment> out;
  std::visit([&](const auto& pattern) { find_all(pattern, text, out); }, pattern_);
  const size_t last = out.empty() ? 0 : out.back().end;
  if (last != text.size()) out.push_back({last, text.size(), false});
  return out;
}

SplitBehavior read_behavior(const JsonObject& parent) {
  constexpr std::pair<std::string_view, SplitBehavior> known[] = {
      {"Removed", SplitBehavior::removed},
      {"Isolated", SplitBehavior::isolated},
      {"MergedWithPrevious", SplitBehavior::merged_with_previous},
      {"MergedWithNext", SplitBehavior::merged_with_next},
      {"Contiguous", SplitBehavior::contiguous},
  };
  const std::string name = parent.string("behavior");
  for (const auto& [key, behavior] : known) {
    if (key == name) return behavior;
  }
  fail(parent.at("behavior"),
       "Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous is required; {} came. Correct "
       "the file",
       describe(parent.required("behavior")));
}

std::vector<Segment> cut(std::vector<Segment> segments, SplitBehavior behavior) {
  if (behavior == SplitBehavior::isolated) return segments;
  if (behavior == SplitBehavior::removed) {
    std::erase_if(segments, [](const Segment& s) { return s.is_match; });
    return segments;
  }
  const bool backwards = behavior == SplitBehavior::merged_with_next;
  if (backwards) std::reverse(segments.begin(), segments.end());
  std::vector<Segment> out;
  bool previous = false;
  for (const Segment& s : segments) {
    const bool merge =
        behavior == SplitBehavior::contiguous ? s.is_match == previous : s.is_match && !previous;
    if (!merge || out.empty()) {
      out.push_back(s);
    } else if (backwards) {
      out.back().begin = s.begin;
    } else {
      out.back().end = s.end;
    }
    previous = s.is_match;
  }
  if (backwards) std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace lrpp::tokenization
