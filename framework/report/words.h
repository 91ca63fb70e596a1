#pragma once

#include <lrpp/framework/report/text_report.h>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace lrpp {

/// A stretch of the text that is shown in one colour: a word, a punctuation mark, or whatever one token
/// spans.
struct Word {
  std::string text;            ///< as written; for an input of ids, as the token is written
  std::vector<size_t> tokens;  ///< in the order of the tokens; none where the model saw nothing of it
  double relevance = 0;        ///< sum over its tokens
  bool blank = false;          ///< whitespace that has a token of its own
};

/// The text in order: the pieces' texts put together give all of it.
struct Piece {
  static constexpr size_t no_word = std::numeric_limits<size_t>::max();
  std::string text;
  size_t word = no_word;  ///< index of the word it is; `no_word` for whitespace between words
};

struct WordList {
  std::vector<Word> words;
  std::vector<Piece> pieces;
  std::vector<size_t> outside;  ///< tokens that cover no text: [CLS]
  bool letters = false;         ///< the model reads letter by letter, and each is a word: DNA
  double largest = 0;           ///< the largest |relevance| of a word or a token outside: where colours end
};

/// Merges tokens into words by their offsets. Letters and digits belong together, and so does whatever a
/// token spans; in scripts without spaces only tokens join. Where `text` is empty, each token is a word, and
/// where every token is one letter, each letter is.
/// Throws UserError for offsets outside of the text and for values that are not finite.
WordList merge_words(const TextReport& report);

/// How a list names a word: letters, of which there are many alike, with their token's number.
std::string listed_name(const WordList& list, size_t word);

/// Indices of the words with relevance, largest magnitude first and earlier first among equals; at most
/// `count`.
std::vector<size_t> top_words(const WordList& list, size_t count);

/// Pieces [begin, end), and how many words were left out before them.
struct PieceRange {
  size_t begin = 0, end = 0;
  size_t skipped = 0;
};
struct Excerpt {
  std::vector<PieceRange> ranges;
  size_t skipped_after = 0;  ///< words left out after the last range
  size_t skipped = 0;        ///< words left out in all
};
/// Goes through an excerpt: `piece` gets the index of each piece that is shown, and `left_out` how many words
/// are left out at a place, which may be none.
template <class Piece, class LeftOut>
void for_each_piece(const Excerpt& excerpt, const Piece& piece, const LeftOut& left_out) {
  for (const PieceRange& range : excerpt.ranges) {
    left_out(range.skipped);
    for (size_t p = range.begin; p < range.end; ++p) piece(p);
  }
  left_out(excerpt.skipped_after);
}
/// All of the text where it has at most `limit` words, otherwise the surroundings of the words that matter
/// most.
Excerpt make_excerpt(const WordList& list, size_t limit);

}  // namespace lrpp
