#include <lrpp/cli/commands.h>
#include <lrpp/cli/listing.h>
#include <lrpp/cli/request.h>

namespace lrpp::cli {

void add_models(CLI::App& app, int& exit_code) {
  add_listing(
      app, exit_code, "models", "list the model types that can be read", [](const Registry& registry) {
        std::vector<ListedItem> items;
        for (const auto& [key, adapter] : registry.adapters())
          items.push_back(
              {adapter.model_type, adapter.summary, {{"explained by", adapter.default_composite}}, {}});
        return items;
      });
}

}  // namespace lrpp::cli
