#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/compare_report.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/unicode_text.h>

#include <algorithm>
#include <iterator>
#include <numeric>

namespace lrpp {

WordList common_words(const std::vector<TextReport>& reports) {
  require(!reports.empty(), "compare", "needs at least one explained text");
  TextReport all;
  all.text = reports[0].text;
  for (const TextReport& report : reports) {
    require(report.text == all.text, "compare", "reports must be of one text");
    all.tokens.insert(all.tokens.end(), report.tokens.begin(), report.tokens.end());
  }
  return merge_words(all);
}

std::vector<double> relevance_of_words(const std::vector<TextReport>& reports, const WordList& words,
                                       size_t side) {
  size_t begin = 0;
  for (size_t i = 0; i < side; ++i) begin += reports[i].tokens.size();
  const size_t end = begin + reports.at(side).tokens.size();
  std::vector<double> result;
  for (const Word& word : words.words) {
    double sum = 0;
    for (const size_t token : word.tokens)
      if (token >= begin && token < end) sum += reports[side].tokens[token - begin].relevance;
    result.push_back(sum);
  }
  return result;
}

Json to_json(const CompareReport& report) {
  Json sides = Json::array();
  for (const auto& side : report.sides) {
    Json outputs = Json::array();
    for (const auto& o : side.report.outputs)
      outputs.push_back({{"label", o.label}, {"logit", o.logit}, {"probability", o.probability}});
    sides.push_back({{"name", side.name},
                     {"model", side.report.model},
                     {"method", side.report.method},
                     {"score", side.report.score},
                     {"sum_relevance", side.report.relevance_sum},
                     {"outputs", outputs},
                     {"relevance", side.relevance},
                     {"outside", side.outside},
                     {"dA_F", side.flipping_gain},
                     {"dA_I", side.insertion_gain},
                     {"provenance", side.report.provenance}});
  }
  Json json{{"target", report.target},
            {"sides", sides},
            {"rank_correlation", report.correlation},
            {"overlap", report.overlap},
            {"k", report.k}};
  if (report.input.empty()) {
    json["words"] = Json::array();
    for (const Word& word : report.words.words) json["words"].push_back(word.text);
  } else {
    json["image"] = report.input;
    json["grid"] = {report.height, report.width};
  }
  return json;
}

namespace {

std::string padded(const std::string& text, int width, bool right) {
  const int missing = std::max(0, width - display_width(text));
  return right ? std::string(static_cast<size_t>(missing), ' ') + text
               : text + std::string(static_cast<size_t>(missing), ' ');
}

/// Columns that line up, the first to the left.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<int> widths(rows.at(0).size(), 0);
  for (const auto& row : rows)
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], display_width(row[c]));
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) line += (c > 0 ? "  " : "") + padded(row[c], widths[c], c > 0);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

/// The words that matter most to a side, "superb +1.70, work +0.20".
std::string leading_words(const CompareReport& report, const CompareReport::Side& side, size_t count) {
  std::vector<size_t> order(side.relevance.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return side.relevance[a] > side.relevance[b]; });
  std::string text;
  for (size_t i = 0; i < std::min(count, order.size()); ++i) {
    text += fmt::format("{}{} {:+.2f}", i > 0 ? ", " : "", show_hidden(report.words.words[order[i]].text),
                        side.relevance[order[i]]);
  }
  return text;
}

}  // namespace

std::string render_terminal(const CompareReport& report) {
  const bool text = report.input.empty();
  std::string page = fmt::format("target     {}\n\n", show_hidden(report.target));
  std::vector<std::vector<std::string>> rows{
      {report.by_method ? "method" : "model", "score", "probability", "sum", "dA_F", "dA_I"}};
  if (!report.by_method) rows[0].emplace_back("method");
  for (const auto& side : report.sides) {
    const TargetOutputs outputs = find_outputs(side.report);
    rows.push_back({side.name, format_number(side.report.score),
                    outputs.target ? format_percent(outputs.target->probability) : "",
                    format_number(side.report.relevance_sum), format_number(side.flipping_gain),
                    format_number(side.insertion_gain)});
    if (!report.by_method) rows.back().push_back(side.report.method);
  }
  page += table(rows);
  if (text) {
    page += "\nwords with the most relevance\n";
    size_t longest = 0;
    for (const auto& side : report.sides) longest = std::max(longest, side.name.size());
    for (const auto& side : report.sides) {
      page += "  " + padded(side.name, static_cast<int>(longest), false) + "  " +
              leading_words(report, side, 4) + "\n";
    }
  }
  page += fmt::format("\nagreement: rank correlation / overlap of the {} first {}\n", report.k,
                      text ? "words" : "pixels");
  std::vector<std::vector<std::string>> pairs{{""}};
  for (const auto& side : report.sides) pairs[0].push_back(side.name);
  for (size_t i = 0; i < report.sides.size(); ++i) {
    pairs.push_back({report.sides[i].name});
    for (size_t j = 0; j < report.sides.size(); ++j) {
      pairs.back().push_back(i == j ? "-"
                                    : fmt::format("{:.2f} / {}", report.correlation[i][j],
                                                  format_percent(report.overlap[i][j])));
    }
  }
  return page + table(pairs);
}

}  // namespace lrpp
