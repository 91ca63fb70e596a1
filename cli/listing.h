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

/// As aligned text, or as a JSON array of objects.
void print_listing(const std::vector<ListedItem>& items, bool json);

/// Adds a command that lists what `collect` finds in the registry (plugins included), as aligned text or,
/// with
/// --json, as an array of objects.
void add_listing(CLI::App& app, int& exit_code, const std::string& name, const std::string& help,
                 std::function<std::vector<ListedItem>(const Registry&)> collect);

}  // namespace lrpp::cli
