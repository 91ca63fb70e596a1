#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/terminal_lines.h>
#include <lrpp/framework/report/unicode_text.h>

#include <algorithm>
#include <utility>

namespace lrpp {

std::string fit_columns(const std::string& text, int columns) {
  const int width = display_width(text);
  if (width <= columns) return text + std::string(static_cast<size_t>(columns - width), ' ');
  std::string result;
  int used = 0;
  for (const Cluster& cluster : clusters(decode_utf8(text))) {
    if (used + cluster.width > columns - 2) break;
    result += encode_utf8(cluster.code_points);
    used += cluster.width;
  }
  return result + ".." + std::string(static_cast<size_t>(columns - 2 - used), ' ');
}

int TerminalLines::total(const std::vector<Cell>& cells) {
  int width = 0;
  for (const Cell& cell : cells) width += cell.width;
  return width;
}

void TerminalLines::add(std::string_view text, int step) {
  for (const Cluster& cluster : clusters(decode_utf8(text))) {
    const bool breakable = is_unspaced_script(cluster.code_points.front());
    if (breakable) place_word();
    word_.push_back({encode_utf8(cluster.code_points), cluster.width, step});
    if (breakable) place_word();
  }
}

void TerminalLines::space(int columns, int step) {
  place_word();
  for (int i = 0; i < columns; ++i) gap_.push_back({" ", 1, step});
}

void TerminalLines::sentence(std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    add(text.substr(0, end));
    if (end == text.size()) break;
    space();
    text.remove_prefix(end + 1);
  }
}

void TerminalLines::place_word() {
  if (word_.empty()) return;
  if (total(line_) + total(gap_) + total(word_) > width_ && !line_.empty()) wrap();
  while (!gap_.empty() && total(line_) + total(gap_) >= width_) gap_.pop_back();
  line_.insert(line_.end(), gap_.begin(), gap_.end());
  gap_.clear();
  for (Cell& cell : std::exchange(word_, {})) {
    if (total(line_) + cell.width > width_) wrap();
    line_.push_back(std::move(cell));
  }
}

void TerminalLines::wrap() {
  gap_.clear();
  write(line_);
  for (int i = 0; i < indent_; ++i) line_.push_back({" ", 1, 0});
}

void TerminalLines::end_line() {
  place_word();
  gap_.clear();
  write(line_);
}

void TerminalLines::finish_line() {
  place_word();
  if (!line_.empty()) end_line();
}

void TerminalLines::write(std::vector<Cell>& cells) {
  while (!cells.empty() && cells.back().text == " " && cells.back().step == 0) cells.pop_back();
  int step = 0;
  for (const Cell& cell : cells) {
    if (color_ && cell.step != step) {
      if (step != 0) out_ += terminal_reset;
      out_ += terminal_shade(cell.step);
      step = cell.step;
    }
    out_ += cell.text;
  }
  if (step != 0) out_ += terminal_reset;
  out_ += '\n';
  cells.clear();
}

std::string TerminalLines::take() {
  finish_line();
  return std::move(out_);
}

}  // namespace lrpp
