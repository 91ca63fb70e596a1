#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/html_layers.h>
#include <lrpp/framework/report/html_page.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/unicode_text.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

namespace lrpp {
namespace {

constexpr size_t name_limit = 14;

/// What the columns stand for, and the layers' values in them.
class LayerTable {
 public:
  LayerTable(const TextReport& report, const WordList& list, const Excerpt& excerpt)
      : report_(report), list_(list) {
    const auto add = [&](size_t p) {
      const size_t word = list.pieces[p].word;
      if (word != Piece::no_word && !list.words[word].tokens.empty()) words_.push_back(word);
    };
    for_each_piece(excerpt, add, [](size_t) {});
    for (const Report::Layer& layer : report.layers) {
      require(layer.relevance.size() == report.tokens.size(), "report",
              "layer '{}' must have relevance for each of the {} tokens; got {}", layer.name,
              report.tokens.size(), layer.relevance.size());
      rows_.push_back(values_of(layer));
      for (const double value : rows_.back()) largest_ = std::max(largest_, std::abs(value));
    }
  }

  std::string write(int heading_level) {
    std::string common;
    names_ = short_layer_names(report_.layers, common);
    html_ = part_html("Layer by layer", heading_level);
    put("<p class=\"muted\">{} as it enters each layer{}, from the input on{}. One scale of colours for all, "
        "which ends at {}.{}</p>\n",
        report_.multiplier ? "The gradient" : "Relevance",
        common.empty() ? "" : fmt::format(" of <code>{}</code>", escape_html(common)),
        report_.multiplier ? "" : ": each row adds up to what is left of the score there",
        format_number(largest_),
        words_.size() < list_.words.size()
            ? fmt::format(" {} of {} words are shown; sums are of all.", words_.size(), list_.words.size())
            : "");
    table(/*numbers=*/false);
    html_ += "<details><summary>The same in numbers</summary>\n";
    table(/*numbers=*/true);
    html_ += "</details>\n";
    return std::move(html_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(html_), format, std::forward<Args>(args)...);
  }

  /// Of each column: the words that are shown, then what lies outside of the text.
  std::vector<double> values_of(const Report::Layer& layer) const {
    std::vector<double> values;
    const auto sum = [&](const std::vector<size_t>& tokens) {
      double total = 0;
      for (const size_t t : tokens) total += layer.relevance[t];
      values.push_back(total);
    };
    for (const size_t word : words_) sum(list_.words[word].tokens);
    if (!list_.outside.empty()) sum(list_.outside);
    return values;
  }

  std::string column_name(size_t column) const {
    if (column == words_.size()) return "outside";
    return list_.words[words_[column]].text;
  }

  void table(bool numbers) {
    const size_t columns = rows_.front().size();
    html_ +=
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Relevance of words in each "
        "layer\"><table class=\"layers\"><thead><tr><th scope=\"col\">Layer</th>";
    for (size_t c = 0; c < columns; ++c)
      put("<th scope=\"col\"><span><bdi>{}</bdi></span></th>", escape_html_cut(column_name(c), name_limit));
    // A gradient's sums mean nothing.
    if (!report_.multiplier) html_ += "<th scope=\"col\" class=\"num\">Sum</th>";
    html_ += "</tr></thead><tbody>\n";
    for (size_t i = 0; i < rows_.size(); ++i) {
      const Report::Layer& layer = report_.layers[i];
      put("<tr><th scope=\"row\" title=\"{}\">{}</th>", escape_html(layer.name), escape_html(names_[i]));
      for (size_t c = 0; c < columns; ++c) {
        numbers ? number(rows_[i][c]) : cell(rows_[i][c], column_name(c));
      }
      if (!report_.multiplier) {
        put("<td class=\"num\">{}</td>",
            format_number(std::accumulate(layer.relevance.begin(), layer.relevance.end(), 0.0)));
      }
      html_ += "</tr>\n";
    }
    html_ += "</tbody></table></div>\n";
  }

  void number(double value) { put("<td class=\"num\">{}</td>", format_number(value)); }

  void cell(double value, const std::string& name) {
    const std::string color = shade_class(value, largest_);
    put("<td{} title=\"{} {}\"></td>", color.empty() ? "" : fmt::format(" class=\"{}\"", color),
        escape_html_cut(name, name_limit), format_number(value));
  }

  const TextReport& report_;
  const WordList& list_;
  std::vector<size_t> words_;
  std::vector<std::vector<double>> rows_;
  std::vector<std::string> names_;
  double largest_ = 0;
  std::string html_;
};

}  // namespace

std::vector<std::string> short_layer_names(const std::vector<Report::Layer>& layers, std::string& common) {
  std::vector<std::string> names;
  for (const Report::Layer& layer : layers) names.push_back(layer.name);
  common.clear();
  if (names.size() < 2) return names;
  size_t same = names[0].rfind('.') == std::string::npos ? 0 : names[0].rfind('.') + 1;
  for (const std::string& name : names) {
    while (same > 0 && name.compare(0, same, names[0], 0, same) != 0) {
      const size_t dot = same > 1 ? names[0].rfind('.', same - 2) : std::string::npos;
      same = dot == std::string::npos ? 0 : dot + 1;
    }
  }
  if (same > 0) common = names[0].substr(0, same - 1);
  for (std::string& name : names) name.erase(0, same);
  return names;
}

std::string layers_html(const TextReport& report, const WordList& list, const Excerpt& excerpt,
                        int heading_level) {
  if (report.layers.empty()) return {};
  return LayerTable(report, list, excerpt).write(heading_level);
}

}  // namespace lrpp
