#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lrpp {

/// The code points of UTF-8 text. Bytes that are not UTF-8 become U+FFFD, one each.
std::u32string decode_utf8(std::string_view text);
void append_utf8(std::string& out, char32_t code_point);
std::string encode_utf8(std::u32string_view code_points);

bool is_space(char32_t code_point);
/// Letters, marks, digits and connectors such as the underscore.
bool is_word_part(char32_t code_point);
/// Letters of scripts that put no spaces between words (Chinese, Japanese, Thai, ...), where a run of letters
/// says nothing about words.
bool is_unspaced_script(char32_t code_point);

/// Whether a terminal might run it, or a reader not see it: controls, bidirectional overrides, line
/// separators, and invisible format characters other than the joiners that emoji and some scripts need.
bool is_hidden(char32_t code_point);
/// `text` with every hidden character written out: "\n", "\u001b".
std::string show_hidden(std::string_view text);
std::string show_hidden(std::u32string_view text);
/// The same for running text: line breaks and tabs stay.
std::string show_hidden_text(std::string_view text);

/// What a reader takes for one character, and the terminal columns it fills at most: terminals that do not
/// know joined emoji draw the parts side by side.
struct Cluster {
  std::u32string code_points;
  int width = 0;
};
std::vector<Cluster> clusters(std::u32string_view text);
int display_width(std::string_view text);

}  // namespace lrpp
