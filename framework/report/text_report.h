#pragma once

#include <lrpp/framework/report/report.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace lrpp {

/// One explained text, ready to be shown.
struct TextReport : Report {
  struct Token {
    std::string text;  ///< as the tokenizer writes it: "##ing"; the id where there is no tokenizer
    int64_t id = 0;
    int64_t begin = 0, end = 0;  ///< code points of `text` that it covers; equal for added tokens
    bool special = false;        ///< added by the tokenizer: [CLS], `<s>`
    double relevance = 0;
  };

  std::string text;  ///< UTF-8; empty where the input was ids
  std::vector<Token> tokens;
  int64_t position = 0;  ///< the token whose output is explained; -1: the model answers for the whole input
};

/// For people at a terminal, at most `width` columns: the text with each word coloured by relevance (red for,
/// blue against), the outputs, the words that matter most, and the sum against the score.
/// Without colour, marks stand for it. Throws UserError for fewer than 20 columns, and as merge_words does
/// for offsets outside of the text and values that are not finite.
std::string render_terminal(const TextReport& report, int width, bool color);

/// One page that needs no network, light and dark, without scripts and with every text escaped; several
/// reports are listed at its top. Throws UserError for no report, and as render_terminal does.
std::string render_html(const std::vector<TextReport>& reports);

}  // namespace lrpp
