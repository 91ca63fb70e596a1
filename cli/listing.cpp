#include <lrpp/cli/commands.h>
#include <lrpp/cli/listing.h>
#include <lrpp/cli/request.h>

#include <algorithm>

namespace lrpp::cli {

void print_listing(const std::vector<ListedItem>& items, bool json) {
  if (json) {
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
    fmt::print("{}\n", list.dump(1));
    return;
  }
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

void add_listing(CLI::App& app, int& exit_code, const std::string& name, const std::string& help,
                 std::function<std::vector<ListedItem>(const Registry&)> collect) {
  struct Options {
    bool json = false;
    std::vector<std::string> plugins;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(name, help);
  command->add_flag("--json", options->json, "as JSON");
  command->add_option("--plugin", options->plugins, "a plugin library to load first; may be given again")
      ->take_all();
  command->callback([&exit_code, options, collect] {
    print_listing(collect(make_registry(options->plugins)), options->json);
    exit_code = done;
  });
}

}  // namespace lrpp::cli
