#pragma once

#include <lrpp/framework/io/image.h>
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

/// One page that needs no network and no script: the picture under its heat map, whose opacity can be chosen,
/// the outputs, rules and provenance. Several pictures stand one under another. `shown` is what the model saw
/// of each, a grey or RGB picture; one without pixels is left out. Throws UserError for no report and for
/// another number of pictures.
std::string render_html(const std::vector<ImageReport>& reports, const std::vector<Image>& shown);

}  // namespace lrpp
