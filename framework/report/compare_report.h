#pragma once

#include <lrpp/framework/io/picture_part.h>
#include <lrpp/framework/report/text_report.h>
#include <lrpp/framework/report/words.h>

#include <string>
#include <vector>

namespace lrpp {

/// Explanations of one input side by side. No tensors: it is made after the mathematics is done.
struct CompareReport {
  /// One model, or one method.
  struct Side {
    std::string name;
    Report report;
    std::vector<double> relevance;  ///< of the words or pixels that all sides share
    /// What lies on nothing that all share: tokens that stand for no text, such as [CLS], or the part of a
    /// picture that another side does not see. With `relevance` it is the whole sum.
    double outside = 0;
    size_t unseen = 0;          ///< of texts: words of which no token of this side has anything
    PicturePart seen;           ///< of pictures: the part that this side saw
    double flipping_gain = 0;   ///< dA_F; see evaluation::flipping_gain
    double insertion_gain = 0;  ///< dA_I
    std::string heat_map;       ///< of pictures: a PNG
  };
  bool by_method = false;                                 ///< sides are methods of one model
  std::string target;                                     ///< explained by all
  std::string input;                                      ///< the picture's name; empty for texts
  WordList words;                                         ///< of texts; see common_words
  int64_t picture_height = 0, picture_width = 0;          ///< of the picture as it was read
  PicturePart part;                                       ///< of it: what all sides saw
  int64_t height = 0, width = 0;                          ///< of the grid over that part, which all share
  std::vector<std::vector<double>> correlation, overlap;  ///< side by side: see Agreement
  int64_t k = 0;                                          ///< of the overlap
  std::vector<Side> sides;

  bool of_text() const { return input.empty(); }
  /// How many words or pixels all share.
  size_t units() const;
  /// The overlap of two orders that have nothing to do with each other: k of all units.
  double chance() const;
};

/// The words that no token of any report cuts: the finest that all can speak of. The reports are of one text.
/// Token indices count through all reports, one after the other.
WordList common_words(const std::vector<TextReport>& reports);
/// What report `side` gives each of those words.
std::vector<double> relevance_of_words(const std::vector<TextReport>& reports, const WordList& words,
                                       size_t side);

/// Of how many of those words report `side` read nothing, as where its tokenizer cuts the text off. White
/// space is not counted.
size_t unseen_words(const std::vector<TextReport>& reports, const WordList& words, size_t side);

/// What a side's score is: its logit, or a difference of two.
std::string score_kind(const CompareReport::Side& side);

Json to_json(const CompareReport& report);
/// Tables for a terminal of `width` columns. Throws UserError for fewer than 20.
std::string render_terminal(const CompareReport& report, int width);
/// One page without scripts and without anything to load. Throws UserError for fewer than two sides.
std::string render_html(const CompareReport& report);

}  // namespace lrpp
