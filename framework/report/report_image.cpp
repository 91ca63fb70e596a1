#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/image_report.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/terminal_facts.h>
#include <lrpp/framework/report/unicode_text.h>

#include <algorithm>
#include <cmath>

namespace lrpp {
namespace {

constexpr int64_t most_rows = 12, most_columns = 32, listed_outputs = 5;

/// Sums of relevance over blocks of the picture: [rows, columns].
struct Blocks {
  int64_t rows = 0, columns = 0;
  std::vector<double> sums;
};

/// A block is two columns of the terminal wide, which makes it about square.
Blocks make_blocks(const ImageReport& report, int width) {
  Blocks blocks;
  const int64_t fit = std::min<int64_t>({most_columns, width / 2, report.width});
  blocks.rows = std::min(most_rows, report.height);
  const auto wanted = [&](int64_t rows) { return std::max<int64_t>(rows * report.width / report.height, 1); };
  while (blocks.rows > 1 && wanted(blocks.rows) > fit) --blocks.rows;
  blocks.columns = std::min(wanted(blocks.rows), fit);
  blocks.sums.assign(static_cast<size_t>(blocks.rows * blocks.columns), 0);
  for (int64_t y = 0; y < report.height; ++y) {
    for (int64_t x = 0; x < report.width; ++x) {
      const int64_t block =
          y * blocks.rows / report.height * blocks.columns + x * blocks.columns / report.width;
      blocks.sums[static_cast<size_t>(block)] += report.relevance[static_cast<size_t>(y * report.width + x)];
    }
  }
  return blocks;
}

/// Two characters for a block: how strong, and which way.
const char* sign(int step) {
  if (step == 0) return " .";
  const bool strong = std::abs(step) > terminal_steps / 2;
  return step > 0 ? (strong ? "++" : " +") : (strong ? "--" : " -");
}

void write_map(TerminalLines& lines, const ImageReport& report, int width, bool color) {
  const Blocks blocks = make_blocks(report, width);
  double largest = 0;
  for (const double sum : blocks.sums) largest = std::max(largest, std::abs(sum));
  const std::string noun = report.multiplier ? "gradient" : "relevance";
  if (largest == 0) {
    lines.sentence(fmt::format("every pixel's {} is zero", noun));
    return lines.end_line();
  }
  lines.sentence(
      fmt::format("where the {} lies, in {} x {} blocks of the picture", noun, blocks.columns, blocks.rows));
  lines.end_line();
  for (int64_t y = 0; y < blocks.rows; ++y) {
    std::string row;
    for (int64_t x = 0; x < blocks.columns; ++x) {
      const int step =
          shade(blocks.sums[static_cast<size_t>(y * blocks.columns + x)], largest, terminal_steps);
      if (color) {
        lines.add(step == 0 ? " ." : step < 0 ? " -" : " +", step);
      } else {
        row += sign(step);
      }
    }
    if (!color) lines.add(row);
    lines.end_line();
  }
  if (color) return write_color_scale(lines, report, largest);
  lines.sentence(
      fmt::format("++ and -- are more than half of the largest block, {}", NumberFormat(largest)(largest)));
  lines.end_line();
}

}  // namespace

std::string render_terminal(const ImageReport& report, int width, bool color) {
  require(width >= least_terminal_width, "report", "width must be at least {} columns; got {}",
          least_terminal_width, width);
  LRPP_ASSERT(report.relevance.size() == static_cast<size_t>(report.height * report.width) &&
                  report.height > 0 && report.width > 0,
              "{} pixels of relevance for a picture of {} x {}", report.relevance.size(), report.width,
              report.height);
  TerminalLines lines(width, color);
  write_facts(lines, width, report);
  const auto shown = static_cast<int64_t>(report.outputs.size());
  // Of two the head has told all.
  for (int64_t i = 0; shown > 2 && i < std::min(shown, listed_outputs); ++i) {
    const Report::Output& output = report.outputs[static_cast<size_t>(i)];
    write_fact(lines, width, i == 0 ? "outputs" : " ",
               fmt::format("{}  {}  {}", show_hidden(output.label), format_number(output.logit),
                           format_percent(output.probability)));
  }
  lines.end_line();
  write_map(lines, report, width, color);
  lines.end_line();
  lines.sentence(sum_sentence(report));
  return lines.take();
}

}  // namespace lrpp
