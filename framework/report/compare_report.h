#pragma once

#include <lrpp/framework/report/image_report.h>
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
    double outside = 0;             ///< of texts: what lies on tokens that stand for no text, such as [CLS]
    double flipping_gain = 0;       ///< dA_F; see evaluation::flipping_gain
    double insertion_gain = 0;      ///< dA_I
    std::string heat_map;           ///< of pictures: a PNG
  };
  bool by_method = false;                                 ///< sides are methods of one model
  std::string target;                                     ///< explained by all
  std::string input;                                      ///< the picture's name; empty for texts
  WordList words;                                         ///< of texts; see common_words
  int64_t height = 0, width = 0;                          ///< of pictures: the grid that all share
  std::vector<std::vector<double>> correlation, overlap;  ///< side by side: see Agreement
  int64_t k = 0;                                          ///< of the overlap
  std::vector<Side> sides;
};

/// The words that no token of any report cuts: the finest that all can speak of. The reports are of one text.
/// Token indices count through all reports, one after the other.
WordList common_words(const std::vector<TextReport>& reports);
/// What report `side` gives each of those words.
std::vector<double> relevance_of_words(const std::vector<TextReport>& reports, const WordList& words,
                                       size_t side);

Json to_json(const CompareReport& report);
/// Tables for a terminal.
std::string render_terminal(const CompareReport& report);
/// One page without scripts and without anything to load.
std::string render_html(const CompareReport& report);

}  // namespace lrpp
