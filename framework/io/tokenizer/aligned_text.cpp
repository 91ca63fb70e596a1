#include <lrpp/framework/error.h>
#include <lrpp/framework/io/tokenizer/aligned_text.h>

#include <algorithm>

namespace lrpp::tokenization {
namespace {

/// Normalisers can multiply a text: one with a long replacement must not take the machine's memory.
constexpr size_t max_normalized_bytes = size_t{64} << 20;

}  // namespace

AlignedText::AlignedText(std::string_view text, uint32_t offset) : text_(text), spans_(text.size()) {
  for (size_t i = 0; i < text.size();) {
    const size_t begin = i;
    next_code_point(text, i);
    const size_t end = std::min(i, text.size());
    const Span span{offset + static_cast<uint32_t>(begin), offset + static_cast<uint32_t>(end)};
    std::fill(spans_.begin() + static_cast<std::ptrdiff_t>(begin),
              spans_.begin() + static_cast<std::ptrdiff_t>(end), span);
  }
}

void AlignedText::reserve(size_t bytes) {
  text_.reserve(bytes);
  spans_.reserve(bytes);
}

void AlignedText::append(std::string_view bytes, Span span) {
  require(text_.size() + bytes.size() <= max_normalized_bytes, "Tokenizer::encode",
          "a text of at most {} bytes once normalised is required; this one is longer. Split it",
          max_normalized_bytes);
  text_.append(bytes);
  spans_.insert(spans_.end(), bytes.size(), span);
}

void AlignedText::append(char32_t code_point, Span span) {
  append_utf8(text_, code_point);
  spans_.resize(text_.size(), span);
}

void AlignedText::append(const AlignedText& other, size_t begin, size_t end) {
  text_.append(other.text_, begin, end - begin);
  spans_.insert(spans_.end(), other.spans_.begin() + static_cast<std::ptrdiff_t>(begin),
                other.spans_.begin() + static_cast<std::ptrdiff_t>(end));
}

void AlignedText::transform(std::span<const Change> changes) {
  AlignedText out;
  out.reserve(size());
  size_t read = 0;
  for (const Change& change : changes) {
    // A reordered decomposition can ask for one character more than there is: then the last one is meant.
    const size_t source = std::min(change.shift > 0 ? (read > 0 ? read - 1 : 0) : read, size() - 1);
    for (int n = change.shift; n <= 0 && read < size(); ++n) next_code_point(text_, read);
    out.append(change.code_point, spans_[source]);
  }
  *this = std::move(out);
}

}  // namespace lrpp::tokenization
