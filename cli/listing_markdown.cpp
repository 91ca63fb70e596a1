#include <lrpp/cli/listing.h>

#include <algorithm>
#include <cctype>

namespace lrpp::cli {
namespace {

/// Text that Markdown shows as it is, in a table too.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view("\\`*_<>[]|").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

/// In a code span only `|` ends a table's cell.
std::string code(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '|' ? std::string("\\|") : std::string(1, c);
  return "`" + result + "`";
}

std::string sections(const std::vector<ListedItem>& items) {
  std::string page;
  for (const ListedItem& item : items) {
    page += fmt::format("\n## {}\n{}.\n", code(item.name), escaped(item.summary));
    std::string details;
    for (const auto& [key, value] : item.details) {
      if (!value.empty()) details += fmt::format("- {}: {}\n", key, escaped(value));
    }
    if (!details.empty()) page += "\n" + details;
    if (item.parameters.empty()) continue;
    page += "\n| parameter | type | default |\n| --- | --- | --- |\n";
    for (const ParameterInfo& p : item.parameters)
      page += fmt::format("| {} | {} | {} |\n", code(p.name), escaped(p.type), code(p.default_value.dump()));
  }
  return page;
}

/// For items without parameters, whose details have the same keys.
std::string table(const std::vector<ListedItem>& items) {
  std::string page = "\n| name | what |", line = "| --- | --- |";
  for (const auto& [key, value] : items.front().details) {
    page += fmt::format(" {} |", key);
    line += " --- |";
  }
  page += "\n" + line + "\n";
  for (const ListedItem& item : items) {
    page += fmt::format("| {} | {} |", code(item.name), escaped(item.summary));
    for (const auto& [key, value] : item.details) page += fmt::format(" {} |", escaped(value));
    page += "\n";
  }
  return page;
}

}  // namespace

std::string markdown_listing(const std::string& name, const std::vector<ListedItem>& items) {
  std::string title = name;
  title.at(0) = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  std::string page = fmt::format("# {}\n\nWhat `lrpp {}` lists.\n", title, name);
  if (items.empty()) return page;
  const bool any_parameters =
      std::any_of(items.begin(), items.end(), [](const auto& item) { return !item.parameters.empty(); });
  return page + (any_parameters ? sections(items) : table(items));
}

}  // namespace lrpp::cli
