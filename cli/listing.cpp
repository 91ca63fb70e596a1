#include <lrpp/cli/commands.h>
#include <lrpp/cli/listing.h>
#include <lrpp/cli/request.h>

#include <algorithm>

namespace lrpp::cli {
namespace {

Json json_listing(const std::vector<ListedItem>& items) {
  Json list = Json::array();
  for (const ListedItem& item : items) {
    Json entry = {{"name", item.name}, {"summary", item.summary}};
    for (const auto& [key, value] : item.details) entry[key] = value;
    Json parameters = Json::array();
    for (const ParameterInfo& p : item.parameters) {
      parameters.push_back({{"name", p.name}, {"type", p.type}, {"default", p.default_value}});
    }
    entry["parameters"] = std::move(parameters);
    list.push_back(std::move(entry));
  }
  return list;
}

void print_text(const std::vector<ListedItem>& items) {
  size_t width = 0;
  for (const ListedItem& item : items) width = std::max(width, item.name.size());
  for (const ListedItem& item : items) {
    fmt::print("{:{}}  {}\n", item.name, width, item.summary);
    for (const auto& [key, value] : item.details) fmt::print("{:{}}    {}: {}\n", "", width, key, value);
    for (const ParameterInfo& p : item.parameters) {
      fmt::print("{:{}}    {} ({}) = {}\n", "", width, p.name, p.type, p.default_value.dump());
    }
  }
}

}  // namespace

void print_listing(const std::string& name, const std::vector<ListedItem>& items, const std::string& format) {
  if (format == "json") {
    fmt::print("{}\n", json_listing(items).dump(1));
  } else if (format == "markdown") {
    fmt::print("{}", markdown_listing(name, items));
  } else {
    print_text(items);
  }
}

void add_listing_options(CLI::App& command, ListingOptions& options) {
  CLI::Option* format = command.add_option("--format", options.format, "text, json or markdown")
                            ->check(CLI::IsMember({"text", "json", "markdown"}));
  command
      .add_flag_callback(
          "--json", [&options] { options.format = "json"; }, "short for --format json")
      ->excludes(format);
  command.add_option("--plugin", options.plugins, "a plugin library to load first; may be given again")
      ->take_all();
}

void add_listing(CLI::App& app, int& exit_code, const std::string& name, const std::string& help,
                 std::function<std::vector<ListedItem>(const Registry&)> collect) {
  const auto options = std::make_shared<ListingOptions>();
  CLI::App* command = app.add_subcommand(name, help);
  add_listing_options(*command, *options);
  command->callback([&exit_code, options, name, collect] {
    print_listing(name, collect(make_registry(options->plugins)), options->format);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
