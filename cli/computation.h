#pragma once

#include <lrpp/framework/io/json.h>
#include <lrpp/framework/registry.h>

#include <CLI/CLI.hpp>
#include <string>

namespace lrpp::cli {

/// Where a command computes, and with what numbers.
struct Computation {
  std::string dtype = "float32", device = "cpu";
  bool tf32 = false, fp16x3 = false;
};

/// --dtype, --device, --tf32 and --fp16x3.
void add_computation_options(CLI::App& command, Computation& computation);

/// Sets how a GPU multiplies, for the whole process, and says what to load a model with. Throws UserError for
/// words that are none, devices that are not there, and flags that do not fit the rest.
LoadOptions set_computation(const Computation& computation);

/// What provenance says of it beside dtype and device: the flags that were given.
void add_flags(const Computation& computation, Json& provenance);

}  // namespace lrpp::cli
