#include <lrpp/framework/error.h>
#include <lrpp/framework/report/terminal_facts.h>
#include <lrpp/framework/report/terminal_table.h>
#include <lrpp/framework/report/unicode_text.h>

#include <algorithm>
#include <numeric>

namespace lrpp {
namespace {

constexpr int gap = 2, least_name = 12;

std::vector<int> column_widths(const TableRows& rows) {
  std::vector<int> widths(rows.at(0).size(), 0);
  for (const auto& row : rows)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
  return widths;
}

std::string to_the_right(const std::string& text, int columns) {
  return std::string(static_cast<size_t>(std::max(0, columns - display_width(text))), ' ') + text;
}

std::string lined_up(const TableRows& rows, const std::vector<int>& widths) {
  std::string text;
  for (const auto& row : rows) {
    std::string line = fit_columns(row[0], widths[0]);
    for (size_t c = 1; c < row.size(); ++c) line += std::string(gap, ' ') + to_the_right(row[c], widths[c]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string blocks(const TableRows& rows, int width) {
  TerminalLines lines(width, /*color=*/false);
  for (size_t r = 1; r < rows.size(); ++r) {
    lines.sentence(rows[r][0]);
    lines.end_line();
    for (size_t c = 1; c < rows[r].size(); ++c) {
      if (rows[r][c].empty()) continue;
      lines.space(2);
      lines.hang(4);
      lines.sentence(rows[0][c] + ": " + rows[r][c]);
      lines.end_line();
      lines.hang(0);
    }
  }
  return lines.take();
}

}  // namespace

std::string render_table(const TableRows& rows, int width) {
  require(width >= least_terminal_width, "report", "width must be at least {} columns; got {}",
          least_terminal_width, width);
  std::vector<int> widths = column_widths(rows);
  const int needed =
      std::accumulate(widths.begin(), widths.end(), gap * (static_cast<int>(widths.size()) - 1));
  if (needed > width) widths[0] -= std::min(needed - width, std::max(0, widths[0] - least_name));
  const int total =
      std::accumulate(widths.begin(), widths.end(), gap * (static_cast<int>(widths.size()) - 1));
  return total <= width ? lined_up(rows, widths) : blocks(rows, width);
}

}  // namespace lrpp
