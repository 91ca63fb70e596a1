#include <lrpp/cli/commands.h>
#include <lrpp/cli/listing.h>
#include <lrpp/cli/request.h>

namespace lrpp::cli {

void add_methods(CLI::App& app, int& exit_code) {
  add_listing(
      app, exit_code, "methods", "list what explains: the methods, and the composites, which are methods too",
      [](const Registry& registry) {
        std::vector<ListedItem> items;
        for (const auto& [key, method] : registry.methods())
          items.push_back({method.name, method.summary, {{"from", method.source}}, method.parameters});
        for (const auto& [key, composite] : registry.composites())
          items.push_back(
              {composite.name, composite.summary, {{"from", "a composite of rules"}}, composite.parameters});
        return items;
      });
}

}  // namespace lrpp::cli
