#pragma once

#include <lrpp/framework/registry.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace lrpp::cli {

/// One registered thing, as the listing commands show it.
struct ListedItem {
  std::string name, summary;
  std::vector<std::pair<std::string, std::string>> details;  ///< ("from", "Bach et al. 2015, eq. 58")
  std::vector<ParameterInfo> parameters;
};

/// What all listing commands are asked for.
struct ListingOptions {
  std::string format = "text";  ///< or "json", "markdown"
  std::vector<std::string> plugins;
};

/// Adds --format, --json (short for --format json) and --plugin.
void add_listing_options(CLI::App& command, ListingOptions& options);

/// `items` of the command `name` on standard output: as aligned text, as a JSON array of objects, or as the
/// page of docs/reference that lists them.
void print_listing(const std::string& name, const std::vector<ListedItem>& items, const std::string& format);

/// The page: a section for each item where any has parameters, else one table.
std::string markdown_listing(const std::string& name, const std::vector<ListedItem>& items);

/// Adds a command that lists what `collect` finds in the registry, plugins included.
void add_listing(CLI::App& app, int& exit_code, const std::string& name, const std::string& help,
                 std::function<std::vector<ListedItem>(const Registry&)> collect);

}  // namespace lrpp::cli
