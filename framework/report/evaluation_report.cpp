#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/evaluation_report.h>
#include <lrpp/framework/report/html_page.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/plot.h>

#include <iterator>
#include <set>

namespace lrpp {
namespace {

using Value = EvaluationReport::Value;

Json value_json(const Value& value) {
  return {{"mean", value.mean}, {"low", value.low}, {"high", value.high}};
}

/// "0.812 [0.790, 0.834]", with an arrow to where better is.
std::string interval(const Value& value) {
  return fmt::format("{:.4g} [{:.4g}, {:.4g}]", value.mean, value.low, value.high);
}

const char* arrow(int better) { return better > 0 ? " \u2191" : better < 0 ? " \u2193" : ""; }

/// The metrics, each once, in the order of their scores.
std::vector<std::string> metrics_of(const EvaluationReport& report) {
  std::vector<std::string> names;
  for (const auto& score : report.scores)
    if (names.empty() || names.back() != score.metric) names.push_back(score.metric);
  return names;
}

/// A method's name; with its parameters only where another one has the same name.
std::string legend_name(const EvaluationReport& report, size_t method) {
  const auto name_of = [&](size_t m) {
    const std::string& described = report.methods.at(m).name;
    return described.substr(0, described.find('('));
  };
  for (size_t m = 0; m < report.methods.size(); ++m)
    if (m != method && name_of(m) == name_of(method)) return report.methods[method].name;
  return name_of(method);
}

std::vector<Plot> plots_of(const EvaluationReport& report) {
  std::vector<Plot> plots;
  for (const std::string& metric : metrics_of(report)) {
    Plot plot;
    plot.title = metric;
    plot.x_label = "share of features that changed";
    plot.y_label = "mean over examples, and its interval";
    std::set<std::string> names;
    for (const auto& curve : report.curves) {
      if (curve.metric != metric) continue;
      names.insert(curve.name);
      PlotLine line;
      line.label = legend_name(report, curve.method) + ", " + curve.name;
      line.color = curve.method;
      line.dashed = curve.name != "MoRF";
      line.x = curve.at;
      for (const Value& v : curve.values) {
        line.y.push_back(v.mean);
        line.low.push_back(v.low);
        line.high.push_back(v.high);
      }
      plot.lines.push_back(std::move(line));
    }
    if (!plot.lines.empty()) plots.push_back(std::move(plot));
  }
  return plots;
}

std::string facts(const EvaluationReport& report) {
  std::string text = fmt::format("{} examples", report.examples);
  if (!report.data.empty()) text += " of " + report.data;
  if (report.skipped > 0) text += fmt::format(" ({} left out)", report.skipped);
  if (report.accuracy >= 0)
    text += fmt::format(", of which the model gets {:.1f}% right", 100 * report.accuracy);
  text += fmt::format("; target: {}; means with bootstrap intervals of {:.0f}%", report.target,
                      100 * report.confidence);
  return text;
}

}  // namespace

Json to_json(const EvaluationReport& report) {
  Json methods = Json::array();
  for (size_t m = 0; m < report.methods.size(); ++m) {
    Json scores = Json::object(), curves = Json::object();
    for (const auto& score : report.scores) {
      Json value = value_json(score.values[m]);
      if (m > 0) value["first_less_this"] = value_json(score.differences[m]), value["p"] = score.p[m];
      scores[score.metric][score.name] = std::move(value);
    }
    for (const auto& curve : report.curves) {
      if (curve.method != m) continue;
      Json values = Json::array();
      for (const Value& v : curve.values) values.push_back(value_json(v));
      curves[curve.metric][curve.name] = {{"share", curve.at}, {"values", std::move(values)}};
    }
    methods.push_back({{"method", report.methods[m].name},
                       {"explanations_per_second", report.methods[m].per_second},
                       {"scores", std::move(scores)},
                       {"curves", std::move(curves)}});
  }
  Json json = {{"model", report.model},    {"data", report.data},
               {"count", report.examples}, {"skipped_count", report.skipped},
               {"target", report.target},  {"confidence", report.confidence}};
  if (report.accuracy >= 0) json["accuracy"] = report.accuracy;
  json["methods"] = std::move(methods);
  json["settings"] = report.settings;
  return json;
}

std::string render_markdown(const EvaluationReport& report) {
  std::string page =
      fmt::format("# {}: how good are its explanations?\n\n{}.\n", report.model, facts(report));
  const auto put = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(page), format, std::forward<Args>(args)...);
  };
  for (const std::string& metric : metrics_of(report)) {
    put("\n## {}\n\n| method |", metric);
    std::string rule = "| --- |";
    for (const auto& score : report.scores) {
      if (score.metric != metric) continue;
      put(" {}{} |", score.name, arrow(score.better));
      rule += " --- |";
    }
    put(" explanations/s |\n{} ---: |\n", rule);
    for (size_t m = 0; m < report.methods.size(); ++m) {
      put("| {} |", report.methods[m].name);
      for (const auto& score : report.scores)
        if (score.metric == metric) put(" {} |", interval(score.values[m]));
      put(" {:.4g} |\n", report.methods[m].per_second);
    }
  }
  if (report.methods.size() > 1) {
    put("\n## {} against each other method\n\nDifferences, example by example, and the p-value of a "
        "sign-flip permutation "
        "test.\n\n| method | score | difference | p |\n| --- | --- | --- | ---: |\n",
        report.methods[0].name);
    for (size_t m = 1; m < report.methods.size(); ++m) {
      for (const auto& score : report.scores) {
        if (score.better == 0) continue;
        put("| {} | {} {}{} | {} | {:.2g} |\n", report.methods[m].name, score.metric, score.name,
            arrow(score.better), interval(score.differences[m]), score.p[m]);
      }
    }
  }
  put("\nSettings: `{}`\n", report.settings.dump());
  return page;
}

std::string render_html(const EvaluationReport& report) {
  const std::string title = escape_html(report.model) + ": how good are its explanations?";
  std::string page =
      open_page(title,
                "svg{width:100%;height:auto}.key i{display:inline-block;width:1.6rem;border-top:3px solid;"
                "vertical-align:middle;margin-right:.4rem}\n") +
      fmt::format("<h1>{}</h1>\n<p>{}.</p>\n", title, escape_html(facts(report)));
  const auto put = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(page), format, std::forward<Args>(args)...);
  };
  const std::vector<Plot> plots = plots_of(report);
  for (const std::string& metric : metrics_of(report)) {
    put("<h2 class=\"part\">{}</h2>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">Method</th>",
        escape_html(metric));
    for (const auto& score : report.scores) {
      if (score.metric == metric)
        put("<th scope=\"col\" class=\"num\">{}{}</th>", escape_html(score.name), arrow(score.better));
    }
    put("<th scope=\"col\" class=\"num\">Explanations/s</th></tr></thead><tbody>\n");
    for (size_t m = 0; m < report.methods.size(); ++m) {
      put("<tr><th scope=\"row\">{}</th>", escape_html(report.methods[m].name));
      for (const auto& score : report.scores)
        if (score.metric == metric) put("<td class=\"num\">{}</td>", interval(score.values[m]));
      put("<td class=\"num\">{:.4g}</td></tr>\n", report.methods[m].per_second);
    }
    put("</tbody></table></div>\n");
    for (const Plot& plot : plots) {
      if (plot.title != metric) continue;
      page += plot_svg(plot) + "<ul class=\"key\">\n";
      for (const PlotLine& line : plot.lines) {
        put("<li><i style=\"border-color:{};border-top-style:{}\"></i>{}</li>\n", hex(plot_color(line.color)),
            line.dashed ? "dashed" : "solid", escape_html(line.label));
      }
      put("</ul>\n");
    }
  }
  if (report.methods.size() > 1) {
    put("<h2 class=\"part\">{} against each other method</h2>\n<p>Differences, example by example, and the "
        "p-value of a "
        "sign-flip permutation test.</p>\n<div class=\"wide\"><table><thead><tr><th "
        "scope=\"col\">Method</th><th "
        "scope=\"col\">Score</th><th scope=\"col\" class=\"num\">Difference</th><th scope=\"col\" "
        "class=\"num\">p</th></tr></thead><tbody>\n",
        escape_html(report.methods[0].name));
    for (size_t m = 1; m < report.methods.size(); ++m) {
      for (const auto& score : report.scores) {
        if (score.better == 0) continue;
        put("<tr><th scope=\"row\">{}</th><td>{} {}{}</td><td class=\"num\">{}</td><td "
            "class=\"num\">{:.2g}</td></tr>\n",
            escape_html(report.methods[m].name), escape_html(score.metric), escape_html(score.name),
            arrow(score.better), interval(score.differences[m]), score.p[m]);
      }
    }
    put("</tbody></table></div>\n");
  }
  put("<details><summary>Settings</summary><pre tabindex=\"0\">{}</pre></details>\n",
      escape_html_text(report.settings.dump(1)));
  return page + close_page(report.settings);
}

Image render_curves(const EvaluationReport& report) {
  const std::vector<Plot> plots = plots_of(report);
  require(!plots.empty(), "output",
          "no metric that was asked for has curves; flipping, insertion, srg and road have");
  return draw_plots(plots);
}

}  // namespace lrpp
