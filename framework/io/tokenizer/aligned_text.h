#pragma once

#include <lrpp/framework/io/tokenizer/unicode.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lrpp::tokenization {

/// [begin, end) in bytes of the original text.
struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;
  bool operator==(const Span&) const = default;
};

/// One character of a transformed text. `shift` 0: it replaces the next character of the old text; -n: it
/// also swallows the n characters after that; 1: it is added, and points where the character before it
/// points.
struct Change {
  char32_t code_point;
  int shift;
};

/// A text after some steps of normalisation. Every byte knows the span of the original text it came from.
class AlignedText {
 public:
  AlignedText() = default;
  /// `text` as it is, beginning `offset` bytes into the original.
  explicit AlignedText(std::string_view text, uint32_t offset = 0);

  const std::string& text() const { return text_; }
  size_t size() const { return text_.size(); }
  bool empty() const { return text_.empty(); }
  Span span(size_t byte) const { return spans_[byte]; }

  void reserve(size_t bytes);
  /// Appends bytes that all came from `span`.
  void append(std::string_view bytes, Span span);
  void append(char32_t code_point, Span span);
  /// Appends [begin, end) of `other`, spans included.
  void append(const AlignedText& other, size_t begin, size_t end);

  /// Replaces the whole text.
  void transform(std::span<const Change> changes);

  /// Keeps the characters that `keep` accepts, each as `map` gives it.
  template <class Keep, class Map>
  void filter_map(Keep keep, Map map);

 private:
  std::string text_;
  std::vector<Span> spans_;
};

/// A part of a buffer: what is encoded on its own.
struct Piece {
  size_t begin = 0;  // Bytes of the buffer.
  size_t end = 0;
  uint32_t original_begin = 0;  // Where this piece of text began when it was cut out of the original.
  int64_t added_id = -1;        // The added token that this piece is, or -1: text.
};

/// A text in pieces. Splitting only cuts `pieces`; transforming writes a new `buffer`.
struct PieceList {
  AlignedText buffer;
  std::vector<Piece> pieces;

  std::string_view text(const Piece& piece) const {
    return std::string_view(buffer.text()).substr(piece.begin, piece.end - piece.begin);
  }
};

template <class Keep, class Map>
void AlignedText::filter_map(Keep keep, Map map) {
  AlignedText out;
  out.reserve(size());
  for (size_t i = 0; i < size();) {
    const Span from = spans_[i];
    const char32_t c = next_code_point(text_, i);
    if (keep(c)) out.append(map(c), from);
  }
  *this = std::move(out);
}

}  // namespace lrpp::tokenization
