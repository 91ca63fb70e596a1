#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/base64.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/heat_map.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/image_report.h>
#include <lrpp/framework/report/report_text.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace lrpp {
namespace {

/// Radio buttons in place of a slider: they need no script.
constexpr std::array<int, 5> opacities{0, 25, 50, 75, 100};
constexpr int first_opacity = 75;

std::string own_style() {
  std::string style =
      ".stack{position:relative;max-width:28rem;border:1px solid var(--line);margin:.5rem 0}"
      ".stack img{display:block;width:100%;image-rendering:pixelated}.stack "
      ".heat{position:absolute;inset:0;height:100%}"
      ".choice label{margin-right:.8rem}.choice{margin:.5rem 0}\n";
  for (const int percent : opacities)
    style += fmt::format(".o{0}:checked~.stack .heat{{opacity:{0}%}}", percent);
  return style + "\n";
}

/// Red for, blue against, white for nothing: a pixel for each of the report's.
Image heat(const ImageReport& report, double end) {
  Image image{report.height, report.width, 3, {}};
  for (const double value : report.relevance) {
    const Rgb color = diverging(end > 0 ? value / end : 0);
    image.pixels.insert(image.pixels.end(), {color.red, color.green, color.blue});
  }
  return image;
}

class Article {
 public:
  Article(std::string& page, const ImageReport& report, const Image& shown, size_t index)
      : page_(page), report_(report), shown_(shown), index_(index) {}

  void write() {
    const HeatMapScale scale = heat_map_scale(report_.relevance);
    put("<article aria-labelledby=\"r{0}h\">\n<h2 id=\"r{0}h\">{1} for <q><bdi>{2}</bdi></q>{3}</h2>\n",
        index_, report_.multiplier ? "Gradient" : "Relevance", escape_html(report_.target),
        report_.which.empty() ? "" : ", " + escape_html(report_.which));
    put("<dl><dt>Model</dt><dd>{}</dd><dt>{}</dt><dd>{}</dd><dt>Target</dt><dd>score {}</dd></dl>\n",
        escape_html(report_.model), report_.kind == "method" ? "Method" : "Composite",
        escape_html(report_.method), format_number(report_.score));
    maps(scale);
    put("<p class=\"muted\">Red for the target, blue against. Colours end at {}, the 99th percentile; the "
        "largest is {}.</p>\n"
        "<p class=\"sum\">{}.</p>\n",
        format_number(scale.end), format_number(scale.largest), escape_html(sum_sentence(report_)));
    outputs();
    rules();
    put("<details><summary>Provenance</summary>\n<pre tabindex=\"0\">{}</pre></details>\n</article>\n",
        escape_html_text(report_.provenance.dump(2, ' ', false, Json::error_handler_t::replace)));
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(page_), format, std::forward<Args>(args)...);
  }

  void maps(const HeatMapScale& scale) {
    const bool picture = !shown_.pixels.empty();
    page_ += "<div class=\"choice\">";
    if (picture) {
      put("Opacity of the heat map: ");
      for (const int percent : opacities) {
        put("<input type=\"radio\" class=\"o{0}\" name=\"o{1}\" id=\"o{1}-{0}\"{2}><label "
            "for=\"o{1}-{0}\">{0} %</label>",
            percent, index_, percent == first_opacity ? " checked" : "");
      }
    }
    page_ += "<div class=\"stack\">";
    if (picture)
      put("<img alt=\"The picture\" src=\"data:image/png;base64,{}\">", base64(encode_png(shown_)));
    put("<img{} alt=\"Heat map of the relevance\" src=\"data:image/png;base64,{}\"></div></div>\n",
        picture ? " class=\"heat\"" : "", base64(encode_png(heat(report_, scale.end))));
  }

  void outputs() {
    page_ +=
        "<h3 class=\"part\">Outputs</h3>\n<table><thead><tr><th scope=\"col\">Output</th><th scope=\"col\" "
        "class=\"num\">Logit</th><th scope=\"col\" class=\"num\">Probability</th></tr></thead><tbody>\n";
    for (const auto& output : report_.outputs) {
      put("<tr><th scope=\"row\"><bdi>{}</bdi></th><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
          escape_html(output.label), format_number(output.logit),
          escape_html(format_percent(output.probability)));
    }
    page_ += "</tbody></table>\n";
  }

  void rules() {
    const std::vector<RuleUse> uses = rules_used(report_.provenance);
    if (uses.empty()) return;
    page_ += "<details><summary>Rules used</summary>\n<div class=\"wide\"><table><tbody>\n";
    for (const RuleUse& use : uses) {
      put("<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"num\">{}</td></tr>\n", escape_html(use.op),
          escape_html(use.rule.empty() ? "none needed" : use.rule), escape_html(use.parameters), use.count);
    }
    page_ += "</tbody></table></div></details>\n";
  }

  std::string& page_;
  const ImageReport& report_;
  const Image& shown_;
  size_t index_;
};

}  // namespace

std::string render_html(const std::vector<ImageReport>& reports, const std::vector<Image>& shown) {
  require(!reports.empty() && reports.size() == shown.size(), "report",
          "a page needs a picture for each of at least one explanation; got {} and {}", shown.size(),
          reports.size());
  const std::string version = string_at(reports.front().provenance, "/versions/lrpp");
  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{0}: "
      "{1}</title>\n<style>\n{2}{3}</style>\n</head>\n"
      "<body>\n<main>\n<h1>What {1} saw</h1>\n",
      escape_html(reports.front().target), escape_html(reports.front().model), page_style(), own_style());
  for (size_t i = 0; i < reports.size(); ++i) Article(page, reports[i], shown[i], i).write();
  page += fmt::format("</main>\n<footer>Made with LRP++{}</footer>\n</body>\n</html>\n",
                      version.empty() ? "" : " " + escape_html(version));
  return page;
}

}  // namespace lrpp
