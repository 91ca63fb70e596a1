#include <fmt/format.h>
#include <lrpp/framework/report/compare_report.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/terminal_facts.h>
#include <lrpp/framework/report/terminal_table.h>
#include <lrpp/framework/report/unicode_text.h>

#include <algorithm>
#include <numeric>

namespace lrpp {
namespace {

constexpr size_t leading = 4;

class Writer {
 public:
  Writer(const CompareReport& report, int width) : report_(report), width_(width) {
    for (const auto& side : report.sides) names_.push_back(show_hidden(side.name));
  }

  std::string write() {
    fact("target", fmt::format("{}, a {}", show_hidden(report_.target), score_kind(report_.sides.at(0))));
    if (!report_.of_text()) {
      fact("picture", fmt::format("{}, {} x {}", show_hidden(report_.input), report_.picture_height,
                                  report_.picture_width));
      fact("all see", describe(report_.part));
    }
    page_ += "\n" + answers() + "\n" + numbers();
    if (report_.of_text()) page_ += words();
    return page_ + agreement();
  }

 private:
  void fact(std::string_view label, std::string_view value) {
    TerminalLines lines(width_, /*color=*/false);
    write_fact(lines, width_, label, value);
    page_ += lines.take();
  }

  const char* noun() const { return report_.by_method ? "method" : "model"; }

  /// What the models say of their own accord, whatever is explained. One model says the same under all
  /// methods.
  std::string answers() const {
    TableRows rows{{noun(), "answer", "probability", "runner-up", "probability"}};
    for (size_t i = 0; i < report_.sides.size(); ++i) {
      rows.push_back({report_.by_method ? show_hidden(report_.sides[i].report.model) : names_[i]});
      for (size_t o = 0; o < 2; ++o) {
        const auto& outputs = report_.sides[i].report.outputs;
        rows.back().push_back(o < outputs.size() ? show_hidden(outputs[o].label) : "");
        rows.back().push_back(o < outputs.size() ? format_percent(outputs[o].probability) : "");
      }
      if (report_.by_method) break;
    }
    if (report_.by_method) rows[0][0] = "model";
    return table(rows);
  }

  std::string numbers() const {
    TableRows rows{{noun(), "score", "probability", "sum", "outside", "dA_F", "dA_I"}};
    if (!report_.by_method) rows[0].emplace_back("method");
    for (size_t i = 0; i < report_.sides.size(); ++i) {
      const CompareReport::Side& side = report_.sides[i];
      const TargetOutputs outputs = find_outputs(side.report);
      rows.push_back({names_[i], format_number(side.report.score),
                      outputs.target != nullptr ? format_percent(outputs.target->probability) : "-",
                      format_number(side.report.relevance_sum), format_number(side.outside),
                      format_number(side.flipping_gain), format_number(side.insertion_gain)});
      if (!report_.by_method) rows.back().push_back(show_hidden(side.report.method));
    }
    return table(rows);
  }

  std::string table(const TableRows& rows) const { return render_table(rows, width_); }

  /// The words that matter most to a side, "superb +1.70, work +0.20".
  std::string leading_words(const CompareReport::Side& side) const {
    std::vector<size_t> order(side.relevance.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return side.relevance[a] > side.relevance[b]; });
    std::string text;
    for (size_t i = 0; i < std::min(leading, order.size()); ++i) {
      text += fmt::format("{}{} {:+.2f}", i > 0 ? ", " : "",
                          show_hidden(listed_name(report_.words, order[i])), side.relevance[order[i]]);
    }
    return text;
  }

  std::string words() const {
    TerminalLines lines(width_, /*color=*/false);
    lines.end_line();
    lines.sentence("words with the most relevance");
    lines.end_line();
    for (size_t i = 0; i < report_.sides.size(); ++i) {
      const CompareReport::Side& side = report_.sides[i];
      lines.space(2);
      lines.hang(4);
      lines.sentence(fmt::format("{}: {}", names_[i], leading_words(side)));
      if (side.unseen > 0) lines.sentence(fmt::format(" ({} words are not read at all)", side.unseen));
      lines.end_line();
      lines.hang(0);
    }
    return lines.take();
  }

  std::string agreement() const {
    TerminalLines lines(width_, /*color=*/false);
    lines.end_line();
    lines.sentence(
        fmt::format("agreement: rank correlation / overlap of the {} first of {} {} (by chance: {})",
                    report_.k, report_.units(), report_.of_text() ? "words" : "cells of the grid",
                    format_percent(report_.chance())));
    lines.end_line();
    TableRows pairs{{""}};
    for (size_t i = 0; i < names_.size(); ++i) pairs[0].push_back(fmt::format("({})", i + 1));
    for (size_t i = 0; i < names_.size(); ++i) {
      pairs.push_back({fmt::format("({}) {}", i + 1, names_[i])});
      for (size_t j = 0; j < names_.size(); ++j) {
        pairs.back().push_back(i == j ? "-"
                                      : fmt::format("{:.2f} / {}", report_.correlation[i][j],
                                                    format_percent(report_.overlap[i][j])));
      }
    }
    return lines.take() + table(pairs);
  }

  const CompareReport& report_;
  int width_;
  std::vector<std::string> names_;
  std::string page_;
};

}  // namespace

std::string render_terminal(const CompareReport& report, int width) { return Writer(report, width).write(); }

}  // namespace lrpp
