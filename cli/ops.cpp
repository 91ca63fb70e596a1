#include <lrpp/cli/commands.h>
#include <lrpp/cli/listing.h>
#include <lrpp/cli/request.h>

namespace lrpp::cli {

void add_ops(CLI::App& app, int& exit_code) {
  add_listing(app, exit_code, "ops", "list the ops that graphs are made of", [](const Registry& registry) {
    std::vector<ListedItem> items;
    for (const auto& [key, op] : registry.ops())
      items.push_back({op.type, op.summary, {{"kind", std::string(to_string(op.kind))}}, {}});
    return items;
  });
}

}  // namespace lrpp::cli
