#include <lrpp/framework/io/tokenizer/unicode.h>
#include <lrpp/framework/io/tokenizer/unicode_normalization.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <vector>

namespace lrpp::tokenization {
namespace {

int combining_class(char32_t c) {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
}

/// The canonical composite of two code points, or 0.
char32_t compose_pair(char32_t first, char32_t second) {
  if (second < 0x300) return 0;  // No primary composite has a second part below the combining marks.
  std::array<utf8proc_int32_t, 3> pair = {static_cast<utf8proc_int32_t>(first),
                                          static_cast<utf8proc_int32_t>(second), 0};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto length = utf8proc_normalize_utf32(pair.data(), 2, options);
  return length == 1 ? static_cast<char32_t>(pair[0]) : 0;
}

/// Decomposes into `out`, in canonical order. Only the first part of a decomposition replaces its character,
/// the others are added behind it; the reordering moves these roles with the characters.
std::vector<Change> decompose(std::string_view text, bool compatible) {
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0));
  std::vector<Change> out;
  out.reserve(text.size());
  std::vector<utf8proc_int32_t> parts(32);
  size_t pending = 0;  // Where the run of non-starters at the end of `out` begins.
  const auto sort_pending = [&] {
    if (out.size() - pending > 1) {
      std::stable_sort(out.begin() + static_cast<std::ptrdiff_t>(pending), out.end(),
                       [](const Change& a, const Change& b) {
                         return combining_class(a.code_point) < combining_class(b.code_point);
                       });
    }
  };
  for (size_t i = 0; i < text.size();) {
    const char32_t c = next_code_point(text, i);
    utf8proc_ssize_t count = 1;
    parts[0] = static_cast<utf8proc_int32_t>(c);
    if (c >= 0x80) {
      int boundary = UTF8PROC_BOUNDCLASS_START;
      count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(),
                                      static_cast<utf8proc_ssize_t>(parts.size()), options, &boundary);
      count = std::min<utf8proc_ssize_t>(count, static_cast<utf8proc_ssize_t>(parts.size()));
    }
    for (utf8proc_ssize_t k = 0; k < count; ++k) {
      const auto part = static_cast<char32_t>(parts[static_cast<size_t>(k)]);
      if (part < 0x80 || combining_class(part) == 0) {
        sort_pending();
        pending = out.size() + 1;
      }
      out.push_back({part, k == 0 ? 0 : 1});
      pending = std::min(pending, out.size());
    }
  }
  sort_pending();
  return out;
}

/// Canonical composition (UAX #15, section 1.3), in place. A composite takes over the roles of its parts.
void recompose(std::vector<Change>& changes) {
  constexpr size_t none = static_cast<size_t>(-1);
  size_t kept = 0, starter = none;
  int last_class = -1;  // Class of the last character kept behind the starter; -1 directly behind it.
  for (const Change change : changes) {
    const int current = combining_class(change.code_point);
    if (starter != none && (last_class < current || last_class == -1)) {
      if (const char32_t composite = compose_pair(changes[starter].code_point, change.code_point)) {
        changes[starter] = {composite, changes[starter].shift + change.shift - 1};
        continue;
      }
    }
    if (current == 0) {
      starter = kept;
      last_class = -1;
    } else if (starter != none) {
      last_class = current;
    }
    changes[kept++] = change;
  }
  changes.resize(kept);
}

}  // namespace

void normalize_unicode(AlignedText& text, NormalizationForm form) {
  if (is_ascii(text.text())) return;
  auto changes = decompose(text.text(), form == NormalizationForm::nfkc || form == NormalizationForm::nfkd);
  if (form == NormalizationForm::nfc || form == NormalizationForm::nfkc) recompose(changes);
  text.transform(changes);
}

}  // namespace lrpp::tokenization
