#pragma once

#include <lrpp/framework/report/text_report.h>
#include <lrpp/framework/report/words.h>

#include <string>

namespace lrpp {

/// The names of layers without the beginning that all have in common: {"0", "1"} of "backbone.layers.0" and
/// "backbone.layers.1". `common` gets that beginning.
std::vector<std::string> short_layer_names(const std::vector<Report::Layer>& layers, std::string& common);

/// A part of a page: how relevance moves through depth, layer by word, for the words of the excerpt. Nothing
/// where the report has no layers. Throws UserError for layers of another number of tokens.
std::string layers_html(const TextReport& report, const WordList& list, const Excerpt& excerpt,
                        int heading_level);

}  // namespace lrpp
