#pragma once

#include <lrpp/framework/report/text_report.h>

#include <string>
#include <string_view>

namespace lrpp {

enum class FigureFormat { svg, pdf, png };
/// Of a file name's ending, ".svg", ".pdf" or ".png"; throws UserError for others.
FigureFormat figure_format_from_type(std::string_view type);

/// A figure for a paper, as the bytes of its file: the text with each word coloured by relevance, as on the
/// page and with its colours, the target with its score, what the sum of relevance says, and where the
/// colours end. Of a long text it is an excerpt, which says what it leaves out. Letters are outlines in an
/// SVG and fonts of its own in a PDF, so that every reader sees the same; a PNG has 3 pixels a point.
/// Characters that no installed font has are counted beneath. Throws UserError as merge_words does, for a
/// text too tall for one figure, and where no font is installed.
std::string draw_text_figure(const TextReport& report, FigureFormat format);

}  // namespace lrpp
