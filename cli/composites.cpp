#include <lrpp/cli/commands.h>
#include <lrpp/cli/listing.h>
#include <lrpp/cli/request.h>

namespace lrpp::cli {

void add_composites(CLI::App& app, int& exit_code) {
  add_listing(app, exit_code, "composites", "list the composites, with their arguments",
              [](const Registry& registry) {
                std::vector<ListedItem> items;
                for (const auto& [key, composite] : registry.composites())
                  items.push_back({composite.name, composite.summary, {}, composite.parameters});
                return items;
              });
}

}  // namespace lrpp::cli
