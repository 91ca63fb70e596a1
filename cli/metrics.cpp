#include <lrpp/cli/commands.h>
#include <lrpp/cli/listing.h>
#include <lrpp/framework/evaluation/metric.h>

namespace lrpp::cli {

void add_metrics(CLI::App& app, int& exit_code) {
  add_listing(app, exit_code, "metrics", "list what lrpp evaluate can measure", [](const Registry&) {
    std::vector<ListedItem> items;
    for (const evaluation::MetricInfo& info : evaluation::metrics()) {
      ListedItem item{info.name, info.summary, {}, info.parameters};
      if (!info.source.empty()) item.details.emplace_back("from", info.source);
      items.push_back(std::move(item));
    }
    return items;
  });
}

}  // namespace lrpp::cli
