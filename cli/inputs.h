#pragma once

#include <lrpp/cli/request.h>

namespace lrpp::cli {

/// Exactly one of --text, --text-file, --input and --image.
void check_one_input(const Request& request);

/// Reads what is explained, of the kind that the model takes, and makes the graph's inputs of it.
void read_inputs(const Request& request, Prepared& prepared);

/// Makes the graph's inputs of `prepared.tokens` or `prepared.pixels`, which may come from elsewhere.
void finish_inputs(const Request& request, Prepared& prepared);

}  // namespace lrpp::cli
