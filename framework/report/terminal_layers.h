#pragma once

#include <lrpp/framework/report/report.h>

#include <string>

namespace lrpp {

/// The sum of relevance as it enters each layer, from the input on, with a bar of it, at most `width`
/// columns. Throws UserError for fewer than 20 columns.
std::string layers_terminal(const Report& report, int width);

}  // namespace lrpp
