#pragma once

#include <lrpp/framework/report/report.h>

#include <cstdint>
#include <string>
#include <vector>

namespace lrpp {

/// One explained picture, ready to be shown at a terminal.
struct ImageReport : Report {
  int64_t height = 0, width = 0;
  std::vector<double> relevance;  ///< [height, width], summed over channels
};

/// At most `width` columns: the outputs, a coarse map of where the relevance lies (at most 12 rows of blocks,
/// red for and blue against, or signs without colour), and its sum against the score. Throws UserError for
/// fewer than 20 columns.
std::string render_terminal(const ImageReport& report, int width, bool color);

}  // namespace lrpp
