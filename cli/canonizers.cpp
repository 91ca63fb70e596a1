#include <lrpp/cli/commands.h>
#include <lrpp/cli/listing.h>
#include <lrpp/cli/request.h>

namespace lrpp::cli {

void add_canonizers(CLI::App& app, int& exit_code) {
  add_listing(app, exit_code, "canonizers", "list the rewrites of the graph that composites ask for",
              [](const Registry& registry) {
                std::vector<ListedItem> items;
                for (const auto& [key, canonizer] : registry.canonizers())
                  items.push_back({canonizer.name, canonizer.summary, {}, {}});
                return items;
              });
}

}  // namespace lrpp::cli
