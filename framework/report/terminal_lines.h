#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lrpp {

/// `text` in exactly `columns` columns, at least 2: filled up with spaces, or cut and ended with "..".
std::string fit_columns(const std::string& text, int columns);

/// Fills lines of at most `width` columns, breaking between words, and inside a word only where it is wider
/// than a line. Text must be free of hidden characters (see show_hidden).
class TerminalLines {
 public:
  TerminalLines(int width, bool color) : width_(width), color_(color) {}

  /// Adds text without a place to break, except between characters of scripts without spaces. `step`: see
  /// terminal_shade.
  void add(std::string_view text, int step = 0);
  /// Adds a space to break at; coloured where it belongs to a token.
  void space(int columns = 1, int step = 0);
  /// Adds text whose spaces are places to break.
  void sentence(std::string_view text);
  /// Spaces before each line that wrapping begins, from here on.
  void hang(int indent) { indent_ = indent; }
  void end_line();
  /// Ends the line only where something is on it.
  void finish_line();

  /// Ends the last line and hands out everything.
  std::string take();

 private:
  struct Cell {
    std::string text;
    int width = 0;
    int step = 0;
  };
  static int total(const std::vector<Cell>& cells);
  void place_word();
  void wrap();
  void write(std::vector<Cell>& cells);

  int width_;
  bool color_;
  int indent_ = 0;
  std::vector<Cell> line_, gap_, word_;
  std::string out_;
};

}  // namespace lrpp
