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

  /// Another map of the same explanation: of one channel, or of what enters one layer.
  struct View {
    std::string name;
    int64_t height = 0, width = 0;
    std::vector<double> relevance;  ///< [height, width]
    double sum = 0;                 ///< of all that is viewed: more than the map's where some is of no place
  };
  std::vector<View> channels;    ///< where there are several
  std::vector<View> layer_maps;  ///< of `layers`, those of tokens laid over the pixels that they stand for
};

/// At most `width` columns: the outputs, a coarse map of where the relevance lies (at most 12 rows of blocks,
/// red for and blue against, or signs without colour), and its sum against the score. Throws UserError for
/// fewer than 20 columns.
std::string render_terminal(const ImageReport& report, int width, bool color);

/// One page that needs no network and no script: the picture under its heat map, whose opacity can be chosen,
/// maps of channels and layers, where the score went, the outputs, rules and provenance. Several pictures
/// stand one under another. `shown` is what the model saw of each, a grey or RGB picture; one without pixels
/// is left out. Throws UserError for no report and for another number of pictures.
std::string render_html(const std::vector<ImageReport>& reports, const std::vector<Image>& shown);

}  // namespace lrpp
