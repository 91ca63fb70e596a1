#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/base64.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/compare_report.h>
#include <lrpp/framework/report/html_page.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/report_text.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>

namespace lrpp {
namespace {

constexpr size_t shown_words = 250;

constexpr const char* own_style = R"css(
.side{margin-top:1.25rem;padding-top:.5rem;border-top:1px solid var(--line)}
.side h3{margin:0;font-size:1rem}.side .muted{font-size:.875rem;margin:.25rem 0}
.map{image-rendering:pixelated;width:min(22rem,100%);border:1px solid var(--line)}
.maps{display:flex;flex-wrap:wrap;gap:0 1rem}.maps .side{width:min(22rem,100%);border-top:0}
@media (max-width:32rem){.wide th,.wide td{padding-right:.4rem}.wide table{font-size:.875rem}}
@media print{.side{break-inside:avoid}.wide{overflow:visible}}
)css";

/// The words of all sides, each as strong as it is to the side that it matters most to.
WordList strongest(const CompareReport& report) {
  WordList list = report.words;
  for (Word& word : list.words) word.relevance = 0;
  for (const CompareReport::Side& side : report.sides) {
    double largest = 0;
    for (const double value : side.relevance) largest = std::max(largest, std::abs(value));
    for (size_t i = 0; i < list.words.size() && largest > 0; ++i)
      list.words[i].relevance = std::max(list.words[i].relevance, std::abs(side.relevance[i]) / largest);
  }
  return list;
}

/// The relevance of one side, word by word, appended to the page.
class SideText {
 public:
  SideText(std::string& page, const CompareReport& report, size_t index)
      : page_(page), words_(report.words), side_(report.sides[index]), index_(index) {
    for (const double value : side_.relevance) largest_ = std::max(largest_, std::abs(value));
  }

  double largest() const { return largest_; }

  /// `whole`: of a long text. Its words have titles for tips: thousands of tips would make the page slow.
  void paragraph(const Excerpt& excerpt, bool whole) {
    page_ += "<p class=\"text\" dir=\"auto\">";
    for_each_piece(
        excerpt, [&](size_t p) { piece(words_.pieces[p], whole); },
        [&](size_t count) { page_ += left_out_html(count); });
    page_ += "</p>\n";
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(page_), format, std::forward<Args>(args)...);
  }

  void piece(const Piece& piece, bool whole) {
    const std::string text = escape_html_text(piece.text);
    if (piece.word == Piece::no_word) {
      page_ += text;
      return;
    }
    const double value = side_.relevance[piece.word];
    const std::string color = word_class(value, largest_);
    const std::string word = escape_html(piece.text), sum = format_sum(value);
    if (whole) {
      put("<span class=\"{}\" title=\"{} {}\">{}</span>", color, word, sum, text);
      return;
    }
    put("<span class=\"u\"><span class=\"{0}\" tabindex=\"0\" aria-describedby=\"s{1}w{2}\">{3}</span>"
        "<span class=\"tip\" role=\"tooltip\" id=\"s{1}w{2}\"><b><bdi>{4}</bdi> {5}</b></span></span>",
        color, index_, piece.word, text, word, sum);
  }

  std::string& page_;
  const WordList& words_;
  const CompareReport::Side& side_;
  size_t index_;
  double largest_ = 0;
};

class Page {
 public:
  explicit Page(const CompareReport& report) : report_(report), text_(report.of_text()) {}

  std::string write() {
    head();
    if (text_) {
      texts();
    } else {
      maps();
    }
    numbers();
    agreement("Rank correlation",
              fmt::format("Spearman\u2019s, over the {} {} that all share: 1 where two put them in the same "
                          "order, -1 where "
                          "in the opposite one, about 0 where the orders have nothing to do with each other.",
                          report_.units(), units()),
              report_.correlation, /*percent=*/false);
    agreement("Overlap", overlap_meaning(), report_.overlap, /*percent=*/true);
    page_ +=
        "<p class=\"muted\">Both say how far explanations of this one input agree, and not whether they are "
        "right: two "
        "may agree and both be wrong.</p>\n";
    provenance();
    page_ += close_page(report_.sides.at(0).report.provenance);
    return std::move(page_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(page_), format, std::forward<Args>(args)...);
  }

  const char* noun() const { return report_.by_method ? "method" : "model"; }
  const char* units() const { return text_ ? "words" : "cells of the grid"; }

  void head() {
    const std::string title =
        fmt::format("{} {}s on one {}", report_.sides.size(), noun(), text_ ? "text" : "picture");
    page_ = open_page(title, own_style);
    put("<h1>{}: relevance for <q><bdi>{}</bdi></q></h1>\n", title, escape_html(report_.target));
    put("<p>Red is for <q><bdi>{}</bdi></q> and blue against it. Colours end at {}: amounts of relevance are "
        "on another "
        "scale for each.{}</p>\n",
        escape_html(report_.target),
        text_ ? fmt::format("each {}\u2019s own largest relevance", noun())
              : "the 99th percentile of each map",
        text_ && !report_.by_method ? " A word is the smallest stretch that no model\u2019s tokens cut."
                                    : "");
  }

  /// "positive (91.3 %), then negative (8.7 %)": what the model says, whatever is explained.
  static std::string answers(const Report& report) {
    std::string text;
    for (size_t i = 0; i < std::min<size_t>(2, report.outputs.size()); ++i)
      text +=
          fmt::format("{}<bdi>{}</bdi> ({})", i > 0 ? ", then " : "", escape_html(report.outputs[i].label),
                      escape_html(format_percent(report.outputs[i].probability)));
    return text;
  }

  /// Under the name of a side: what it says, what its score is, and what explained it.
  void facts(size_t index) {
    const CompareReport::Side& side = report_.sides[index];
    const TargetOutputs outputs = find_outputs(side.report);
    put("<h3>{}. <bdi>{}</bdi></h3>\n<p class=\"muted\">Answers {}. Explained is <bdi>{}</bdi>, a {} of "
        "{}{}, by {}.</p>\n",
        index + 1, escape_html(side.name), answers(side.report), escape_html(side.report.target),
        score_kind(side), format_number(side.report.score),
        outputs.target == nullptr
            ? ""
            : fmt::format(" (probability {})", escape_html(format_percent(outputs.target->probability))),
        escape_html(side.report.method));
  }

  void texts() {
    const Excerpt excerpt = make_excerpt(strongest(report_), shown_words);
    for (size_t i = 0; i < report_.sides.size(); ++i) {
      const CompareReport::Side& side = report_.sides[i];
      SideText text(page_, report_, i);
      page_ += "<section class=\"side\">";
      facts(i);
      text.paragraph(excerpt, /*whole=*/false);
      put("<p class=\"muted\">Largest {}; on tokens outside of the text {}.{}</p>\n",
          format_number(text.largest()), format_number(side.outside),
          side.unseen == 0
              ? ""
              : fmt::format(" {} of the words are not read at all: no token stands for them.", side.unseen));
      if (excerpt.skipped > 0) {
        put("<details><summary>The whole text ({} words)</summary>\n", report_.words.words.size());
        text.paragraph(make_excerpt(report_.words, report_.words.words.size()), /*whole=*/true);
        page_ += "</details>\n";
      }
      page_ += "</section>\n";
    }
    if (excerpt.skipped > 0)
      put("<p class=\"muted\">Of {} words those around the ones that matter most to any {} are shown; all "
          "numbers are of "
          "the whole text.</p>\n",
          report_.words.words.size(), noun());
  }

  void maps() {
    page_ += "<div class=\"maps\">\n";
    for (size_t i = 0; i < report_.sides.size(); ++i) {
      const CompareReport::Side& side = report_.sides[i];
      page_ += "<section class=\"side\">";
      facts(i);
      put("<img class=\"map\" alt=\"What {0} sees, and its heat map\" src=\"data:image/png;base64,{1}\">\n"
          "<p class=\"muted\">Sees {2}.</p></section>\n",
          escape_html(side.name), base64(side.heat_map), describe(side.seen));
    }
    put("</div>\n<p class=\"muted\">The picture has {} x {} pixels (height x width). Compared below is the "
        "part that all "
        "see, {}, on a grid of {} x {}; pixels are split by areas, so that no relevance is lost. What a {} "
        "has elsewhere "
        "is said as \u201coutside\u201d.</p>\n",
        report_.picture_height, report_.picture_width, describe(report_.part), report_.height, report_.width,
        noun());
  }

  void numbers() {
    page_ += "<h2 class=\"part\">On this input alone</h2>\n<div class=\"wide\"><table><thead><tr><td></td>";
    for (const char* heading : {"Score", "Sum", "Outside", "dA_F", "dA_I"})
      put("<th scope=\"col\" class=\"num\">{}</th>", heading);
    page_ += "</tr></thead><tbody>\n";
    for (size_t i = 0; i < report_.sides.size(); ++i) {
      const CompareReport::Side& side = report_.sides[i];
      row_head(i);
      for (const double value : {side.report.score, side.report.relevance_sum, side.outside,
                                 side.flipping_gain, side.insertion_gain})
        put("<td class=\"num\">{}</td>", format_number(value));
      page_ += "</tr>\n";
    }
    put("</tbody></table></div>\n<p class=\"muted\">Score: the {0} that is explained. Sum: all relevance, of "
        "which Outside "
        "lies {1}. dA_F: how much sooner the {0} falls when parts are taken away from the most relevant on "
        "than from the "
        "least relevant on; dA_I: how much sooner it rises as they come back. Above 0 the order fits what "
        "this model does "
        "with this input; random orders give 0 on average. Both are in units of the model\u2019s own {0}, so "
        "that they "
        "{2}. One input is one example: <code>lrpp evaluate</code> measures many.</p>\n",
        score_kind(report_.sides.at(0)), text_ ? "on tokens that stand for no text" : "where not all see",
        report_.by_method ? "can be held against each other here" : "do not rank models");
  }

  void row_head(size_t index) {
    put("<tr><th scope=\"row\">{}. <bdi>{}</bdi></th>", index + 1, escape_html(report_.sides[index].name));
  }

  std::string overlap_meaning() const {
    std::string text = fmt::format(
        "Of the {} {} with the largest relevance, the share that two have in common; ", report_.k, units());
    text +=
        report_.chance() == 1
            ? "here those are all there are, so that it says nothing."
            : fmt::format("two random orders have {} in common on average. Equal ones are drawn at random.",
                          escape_html(format_percent(report_.chance())));
    return text;
  }

  void agreement(std::string_view heading, const std::string& meaning,
                 const std::vector<std::vector<double>>& values, bool percent) {
    put("<h2 class=\"part\">{}</h2>\n<p class=\"muted\">{}</p>\n<div "
        "class=\"wide\"><table><thead><tr><td></td>",
        heading, meaning);
    for (size_t i = 0; i < values.size(); ++i)
      put("<th scope=\"col\" class=\"num\" title=\"{}\">{}</th>", escape_html(report_.sides[i].name), i + 1);
    page_ += "</tr></thead><tbody>\n";
    for (size_t i = 0; i < values.size(); ++i) {
      row_head(i);
      for (size_t j = 0; j < values.size(); ++j) {
        const std::string value =
            percent ? escape_html(format_percent(values[i][j])) : fmt::format("{:.2f}", values[i][j]);
        put("<td class=\"num\">{}</td>", i == j ? "\u2013" : value);
      }
      page_ += "</tr>\n";
    }
    page_ += "</tbody></table></div>\n";
  }

  void provenance() {
    for (const auto& side : report_.sides)
      page_ +=
          provenance_html(side.report.provenance, fmt::format(" of <bdi>{}</bdi>", escape_html(side.name)));
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
