#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/base64.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/compare_report.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/report_text.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>

namespace lrpp {
namespace {

constexpr const char* own_style = R"css(
.side{margin-top:1.25rem;padding-top:.5rem;border-top:1px solid var(--line)}
.side h3{margin:0;font-size:1rem}.side .muted{font-size:.875rem}
.map{image-rendering:pixelated;width:min(22rem,100%);border:1px solid var(--line)}
.maps{display:flex;flex-wrap:wrap;gap:1rem}
)css";

class Page {
 public:
  explicit Page(const CompareReport& report) : report_(report), text_(report.input.empty()) {}

  std::string write() {
    const std::string title =
        fmt::format("{} {} on one {}", report_.sides.size(), report_.by_method ? "methods" : "models",
                    text_ ? "text" : "picture");
    put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
        "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light "
        "dark\">\n<title>{}</title>\n<style>\n{}{}</style>\n</head>\n"
        "<body>\n<main>\n<h1>{}: relevance for <q><bdi>{}</bdi></q></h1>\n",
        title, page_style(), own_style, title, escape_html(report_.target));
    put("<p>Colours end at {}, red for and blue against: models put their relevance on scales of their "
        "own.{}</p>\n",
        text_ ? fmt::format("each {}'s own largest relevance", report_.by_method ? "method" : "model")
              : "the 99th percentile of each map",
        text_ ? " A word is what no model's tokens cut." : "");
    if (text_) {
      for (size_t i = 0; i < report_.sides.size(); ++i) words(i);
    } else {
      maps();
    }
    faithfulness();
    agreement("Rank correlation",
              "Spearman's, of the relevance of all shared units: 1 where they are put in the same "
              "order, 0 where the orders have nothing to do with each other.",
              report_.correlation, /*percent=*/false);
    agreement("Overlap",
              fmt::format("The share of the {} {} of the largest relevance that two have in common.",
                          report_.k, text_ ? "words" : "pixels"),
              report_.overlap, /*percent=*/true);
    provenance();
    const std::string version = string_at(report_.sides.at(0).report.provenance, "/versions/lrpp");
    put("</main>\n<footer>Made with LRP++{}</footer>\n</body>\n</html>\n",
        version.empty() ? "" : " " + escape_html(version));
    return std::move(page_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(page_), format, std::forward<Args>(args)...);
  }

  static std::string outcome(const CompareReport::Side& side) {
    const TargetOutputs outputs = find_outputs(side.report);
    std::string text = fmt::format("score {}", format_number(side.report.score));
    if (outputs.target != nullptr)
      text += fmt::format(", probability {}", escape_html(format_percent(outputs.target->probability)));
    if (outputs.runner_up != nullptr)
      text += fmt::format("; beside it <bdi>{}</bdi> with {}", escape_html(outputs.runner_up->label),
                          escape_html(format_percent(outputs.runner_up->probability)));
    return text;
  }

  void words(size_t index) {
    const CompareReport::Side& side = report_.sides[index];
    double largest = 0;
    for (const double value : side.relevance) largest = std::max(largest, std::abs(value));
    put("<section class=\"side\"><h3>{}</h3>\n<p class=\"muted\">{}; {}</p>\n<p class=\"text\" dir=\"auto\">",
        escape_html(side.name), outcome(side), escape_html(side.report.method));
    for (const Piece& piece : report_.words.pieces) {
      if (piece.word == Piece::no_word) {
        page_ += escape_html_text(piece.text);
        continue;
      }
      const double value = side.relevance[piece.word];
      const int step = shade(value, largest, page_steps);
      put("<span class=\"u\"><span class=\"w{}\" tabindex=\"0\" aria-describedby=\"s{}w{}\">{}</span><span "
          "class=\"tip\" role=\"tooltip\" id=\"s{}w{}\"><b>{} {}</b></span></span>",
          step == 0  ? ""
          : step > 0 ? fmt::format(" p{}", step)
                     : fmt::format(" n n{}", -step),
          index, piece.word, escape_html_text(piece.text), index, piece.word, escape_html(piece.text),
          format_sum(value));
    }
    put("</p>\n<p class=\"muted\">Largest {}; on tokens outside of the text {}.</p></section>\n",
        format_number(largest), format_number(side.outside));
  }

  void maps() {
    page_ += "<div class=\"maps\">\n";
    for (const CompareReport::Side& side : report_.sides) {
      put("<section><h3>{}</h3>\n<p class=\"muted\">{}; {}</p>\n<img class=\"map\" alt=\"Heat map of {}\" "
          "src=\"data:image/png;base64,{}\"></section>\n",
          escape_html(side.name), outcome(side), escape_html(side.report.method), escape_html(side.name),
          base64(side.heat_map));
    }
    put("</div>\n<p class=\"muted\">For the agreement below, relevance was put on a grid of {} x {} pixels, "
        "which conserves "
        "its sum.</p>\n",
        report_.width, report_.height);
  }

  void faithfulness() {
    page_ +=
        "<h2 class=\"part\">On this input alone</h2>\n<div class=\"wide\"><table><thead><tr><th "
        "scope=\"col\"></th>"
        "<th scope=\"col\" class=\"num\">Score</th><th scope=\"col\" class=\"num\">Sum of relevance</th>"
        "<th scope=\"col\" class=\"num\">dA_F</th><th scope=\"col\" "
        "class=\"num\">dA_I</th></tr></thead><tbody>\n";
    for (const CompareReport::Side& side : report_.sides) {
      put("<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"num\">{}</td><td "
          "class=\"num\">{}</td>"
          "<td class=\"num\">{}</td></tr>\n",
          escape_html(side.name), format_number(side.report.score), format_number(side.report.relevance_sum),
          format_number(side.flipping_gain), format_number(side.insertion_gain));
    }
    put("</tbody></table></div>\n<p class=\"muted\">dA_F: how much sooner the score falls when the most "
        "relevant parts are "
        "taken away first than when the least relevant ones are. dA_I: likewise, as parts come back. Higher "
        "is more "
        "faithful to that model. They are in units of its own score, and one input says little: <code>lrpp "
        "evaluate</code> measures many.</p>\n");
  }

  void agreement(std::string_view heading, const std::string& meaning,
                 const std::vector<std::vector<double>>& values, bool percent) {
    put("<h2 class=\"part\">{}</h2>\n<p class=\"muted\">{}</p>\n<div "
        "class=\"wide\"><table><thead><tr><td></td>",
        heading, meaning);
    for (const auto& side : report_.sides)
      put("<th scope=\"col\" class=\"num\">{}</th>", escape_html(side.name));
    page_ += "</tr></thead><tbody>\n";
    for (size_t i = 0; i < values.size(); ++i) {
      put("<tr><th scope=\"row\">{}</th>", escape_html(report_.sides[i].name));
      for (const double value : values[i])
        put("<td class=\"num\">{}</td>",
            percent ? escape_html(format_percent(value)) : fmt::format("{:.2f}", value));
      page_ += "</tr>\n";
    }
    page_ += "</tbody></table></div>\n";
  }

  void provenance() {
    for (const auto& side : report_.sides) {
      put("<details><summary>Provenance of {}</summary>\n<pre tabindex=\"0\">{}</pre></details>\n",
          escape_html(side.name),
          escape_html_text(side.report.provenance.dump(2, ' ', false, Json::error_handler_t::replace)));
    }
  }

  std::string page_;
  const CompareReport& report_;
  const bool text_;
};

}  // namespace

std::string render_html(const CompareReport& report) {
  require(report.sides.size() >= 2, "compare", "a page needs at least two sides; got {}",
          report.sides.size());
  return Page(report).write();
}

}  // namespace lrpp
