#include <lrpp/cli/commands.h>
#include <lrpp/cli/listing.h>
#include <lrpp/cli/request.h>

namespace lrpp::cli {

void add_rules(CLI::App& app, int& exit_code) {
  add_listing(app, exit_code, "rules", "list the rules, with their parameters and sources",
              [](const Registry& registry) {
                std::vector<ListedItem> items;
                for (const auto& [key, rule] : registry.rules())
                  items.push_back({rule.name,
                                   rule.summary,
                                   {{"from", rule.source}, {"conserves", rule.conserves ? "yes" : "no"}},
                                   rule.parameters});
                return items;
              });
}

}  // namespace lrpp::cli
