#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/base64.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/heat_map.h>
#include <lrpp/framework/report/html_flow.h>
#include <lrpp/framework/report/html_page.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/image_report.h>
#include <lrpp/framework/report/report_text.h>

#include <algorithm>
#include <array>
#include <cmath>
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
      ".choice label{margin-right:.8rem}.choice{margin:.5rem 0}\n"
      ".views{display:grid;grid-template-columns:repeat(auto-fill,minmax(8rem,1fr));gap:.75rem}"
      "figure{margin:0;break-inside:avoid}figure img{display:block;width:100%;image-rendering:pixelated;"
      "border:1px solid var(--line)}figcaption{font-size:.8125rem}figcaption .muted{display:block}\n";
  for (const int percent : opacities)
    style += fmt::format(".o{0}:checked~.stack .heat{{opacity:{0}%}}", percent);
  return style + "\n";
}

/// Red for, blue against, white for nothing: a pixel for each value of a map.
template <class Map>
Image heat(const Map& map, double end) {
  Image image{map.height, map.width, 3, {}};
  for (const double value : map.relevance) {
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
    page_ += "<dl>\n" + facts_html(report_) + "</dl>\n";
    maps(scale);
    put("<p class=\"muted\">{} Colours end at {}, the 99th percentile; the largest is {}.</p>\n",
        report_.multiplier ? "Red is positive, blue negative." : "Red for the target, blue against.",
        format_number(scale.end), format_number(scale.largest));
    page_ += sum_html(report_);
    if (report_.flow) page_ += flow_html(*report_.flow, 3, report_.multiplier);
    const char* noun = report_.multiplier ? "The gradient" : "Relevance";
    views("Channel by channel", report_.channels, fmt::format("{} of each channel of the picture.", noun));
    views("Layer by layer", report_.layer_maps,
          fmt::format(
              "{} as it enters each layer, from the input on, summed over its channels; what tokens have "
              "is laid over the pixels of their patches.",
              noun));
    if (!report_.left_out.empty()) put("<p class=\"muted\">{}</p>\n", escape_html(report_.left_out));
    outputs();
    page_ += rules_html(report_.provenance) + provenance_html(report_.provenance) + "</article>\n";
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

  /// Small maps in a row, each with colours of its own.
  void views(std::string_view heading, const std::vector<ImageReport::View>& maps, std::string_view meaning) {
    if (maps.empty()) return;
    page_ += part_html(heading, 3);
    put("<p class=\"muted\">{} Colours end at each map\u2019s own 99th percentile.</p>\n<div "
        "class=\"views\">",
        meaning);
    for (const ImageReport::View& map : maps) {
      const double end = heat_map_scale(map.relevance).end;
      double placed = 0;
      for (const double value : map.relevance) placed += value;
      // Sums of many float32 numbers: what is smaller than this is rounding.
      const bool outside = std::abs(map.sum - placed) > 1e-4 * std::abs(map.sum);
      put("<figure><img alt=\"Heat map: {0}\" src=\"data:image/png;base64,{1}\"><figcaption><bdi>{0}</bdi> "
          "<span class=\"muted\">sum {2}{3}; colours to {4}</span></figcaption></figure>\n",
          escape_html(map.name), base64(encode_png(heat(map, end))), format_number(map.sum),
          outside ? fmt::format(", {} of it on tokens of no pixels", format_number(map.sum - placed)) : "",
          format_number(end));
    }
    page_ += "</div>\n";
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
  std::string page = open_page(fmt::format("{}: {}", escape_html(reports.front().target),
                                           escape_html(reports.front().model)),
                               own_style()) +
                     fmt::format("<h1>What {} saw</h1>\n", escape_html(reports.front().model));
  for (size_t i = 0; i < reports.size(); ++i) Article(page, reports[i], shown[i], i).write();
  return page + close_page(reports.front().provenance);
}

}  // namespace lrpp
