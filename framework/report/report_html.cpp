#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/html_flow.h>
#include <lrpp/framework/report/html_layers.h>
#include <lrpp/framework/report/html_page.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/text_report.h>
#include <lrpp/framework/report/unicode_text.h>
#include <lrpp/framework/report/words.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>

namespace lrpp {
namespace {

constexpr size_t shown_words = 250, listed_words = 15, listed_outside = 15, name_limit = 60;

/// One report as an <article>, appended to the page.
class Article {
 public:
  Article(std::string& page, const TextReport& report, size_t index, size_t count)
      : page_(page),
        report_(report),
        index_(index),
        count_(count),
        list_(merge_words(report)),
        format_(list_.largest) {}

  void write() {
    put("<article id=\"r{}\" aria-labelledby=\"r{}h\">\n", index_, index_);
    const char* heading = count_ > 1 ? "h2" : "h1";
    put("<{0} id=\"r{1}h\">{2}{3} for <q><bdi>{4}</bdi></q></{0}>\n", heading, index_,
        count_ > 1 ? fmt::format("{}. ", index_ + 1) : "", report_.multiplier ? "Gradient" : "Relevance",
        escape_html(report_.target));
    facts();
    text();
    bars();
    page_ += sum_html(report_);
    if (report_.flow) page_ += flow_html(*report_.flow, part_level(), report_.multiplier);
    page_ += layers_html(report_, list_, make_excerpt(list_, shown_words), part_level());
    if (!report_.left_out.empty()) put("<p class=\"muted\">{}</p>\n", escape_html(report_.left_out));
    outputs();
    tokens();
    page_ += rules_html(report_.provenance) + provenance_html(report_.provenance) + "</article>\n";
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(page_), format, std::forward<Args>(args)...);
  }

  const char* noun() const { return report_.multiplier ? "gradient" : "relevance"; }
  const char* title() const { return report_.multiplier ? "Gradient" : "Relevance"; }

  int part_level() const { return count_ > 1 ? 3 : 2; }

  void part(std::string_view heading, std::string_view attributes = "") {
    page_ += part_html(heading, part_level(), attributes);
  }

  void facts() {
    page_ += "<dl>\n" + facts_html(report_);
    const auto position = static_cast<size_t>(report_.position);
    if (report_.position >= 0 && position < report_.tokens.size()) {
      put("<dt>Read at</dt><dd>token {} <bdi class=\"token\">{}</bdi></dd>\n", position,
          escape_html(report_.tokens[position].text));
    }
    page_ += "</dl>\n";
  }

  /// A word of the whole of a long text: thousands of tips would make the page slow to open. Those of the
  /// excerpt above can be reached with the keyboard, and the table of tokens has all values.
  void plain_word(const Word& word, const std::string& text) {
    put("<span class=\"{}\" title=\"{} {}\">{}</span>", word_class(word.relevance, list_.largest),
        escape_html(word.text), format_sum(word.relevance), text);
  }

  void word(size_t i, bool whole) {
    const Word& word = list_.words[i];
    // A line break has no background: a sign stands before it.
    const std::string text = (word.blank && word.text.find('\n') != std::string::npos ? "\u21b5" : "") +
                             escape_html_text(word.text);
    if (word.tokens.empty()) {
      page_ += text;
      return;
    }
    if (whole) return plain_word(word, text);
    put("<span class=\"u\"><span class=\"{0}\" tabindex=\"0\" aria-describedby=\"r{1}w{2}\">{3}</span>"
        "<span class=\"tip\" role=\"tooltip\" id=\"r{1}w{2}\">",
        word_class(word.relevance, list_.largest), index_, i, text);
    if (word.tokens.size() > 1)
      put("<b><bdi>{}</bdi> {}, the sum of</b> ", escape_html(word.text), format_sum(word.relevance));
    for (const size_t t : word.tokens) {
      const auto& token = report_.tokens[t];
      put("<span><bdi class=\"token\">{}</bdi> {} <span class=\"muted\">token {}, id {}</span></span> ",
          escape_html(token.text), format_exact(token.relevance), t, token.id);
    }
    page_ += "</span></span>";
  }

  void paragraph(const Excerpt& excerpt, bool whole) {
    page_ += "<p class=\"text\" dir=\"auto\">";
    const auto piece = [&](size_t p) {
      const Piece& shown = list_.pieces[p];
      if (shown.word == Piece::no_word) {
        page_ += escape_html_text(shown.text);
      } else {
        word(shown.word, whole);
      }
    };
    for_each_piece(excerpt, piece, [&](size_t count) { page_ += left_out_html(count); });
    page_ += "</p>\n";
  }

  void text() {
    part("Text");
    put("<a class=\"skip\" href=\"#r{}b\">Skip the words</a>\n", index_);
    const Excerpt excerpt = make_excerpt(list_, shown_words);
    paragraph(excerpt, /*whole=*/false);
    legend();
    if (excerpt.skipped == 0) return;
    put("<details><summary>The whole text ({} words)</summary>\n", list_.words.size());
    paragraph(make_excerpt(list_, list_.words.size()), /*whole=*/true);
    page_ += "</details>\n";
  }

  void legend() {
    if (list_.largest == 0) return;
    put("<p class=\"legend\"><span>{} {}</span><span class=\"scale\" aria-hidden=\"true\">",
        format_(-list_.largest),
        report_.multiplier ? "negative, underlined with dots" : "against the target, underlined with dots");
    for (int step = -page_steps; step <= page_steps; ++step) {
      if (step == 0) {
        page_ += "<i></i>";
      } else {
        put("<i class=\"{}{}\"></i>", step < 0 ? 'n' : 'p', std::abs(step));
      }
    }
    put("</span><span>{} {}</span></p>\n", format_(list_.largest),
        report_.multiplier ? "positive" : "for the target");
  }

  /// Cut at a length that a list can take; the token table has all of it.
  static std::string name(const std::string& text) { return escape_html_cut(text, name_limit); }

  void bar_row(const std::string& text, double value) {
    put("<tr><th scope=\"row\"><bdi>{}</bdi></th><td class=\"num\">{}</td>{}</tr>\n", name(text),
        format_(value), bar_cell(value, list_.largest));
  }

  void bar_table(const std::string& caption, const char* heading) {
    put("<table><caption>{}</caption><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" "
        "class=\"num\">{}</th>"
        "<td></td></tr></thead><tbody>\n",
        caption, heading, title());
  }

  void bars() {
    part("What mattered most", fmt::format(" id=\"r{}b\"", index_));
    const std::vector<size_t> top = top_words(list_, listed_words);
    if (top.empty()) {
      put("<p>Every word\u2019s {} is zero.</p>\n", noun());
    } else {
      const char* unit = list_.letters ? "Letter" : "Word";
      bar_table(fmt::format("{}s with the most {}", unit, noun()), unit);
      for (const size_t i : top) bar_row(listed_name(list_, i), list_.words[i].relevance);
      page_ += "</tbody></table>\n";
    }
    if (list_.outside.empty()) return;
    double sum = 0;
    for (const size_t i : list_.outside) sum += report_.tokens[i].relevance;
    const size_t listed = std::min(list_.outside.size(), listed_outside);
    part("Outside the text");
    bar_table(fmt::format("Tokens that stand for no text: {} in all{}", format_(sum),
                          listed < list_.outside.size()
                              ? fmt::format("; the first {} of {}", listed, list_.outside.size())
                              : ""),
              "Token");
    for (size_t i = 0; i < listed; ++i)
      bar_row(report_.tokens[list_.outside[i]].text, report_.tokens[list_.outside[i]].relevance);
    page_ += "</tbody></table>\n";
  }

  void outputs() {
    if (report_.outputs.empty()) return;
    part("Outputs");
    page_ +=
        "<table><thead><tr><th scope=\"col\">Output</th><th scope=\"col\" "
        "class=\"num\">Logit</th>"
        "<th scope=\"col\" class=\"num\">Probability</th><td></td></tr></thead><tbody>\n";
    const TextReport::Output* target = find_outputs(report_).target;
    for (const auto& output : report_.outputs) {
      put("<tr><th scope=\"row\"><bdi>{}</bdi>{}</th><td class=\"num\">{}</td><td class=\"num\">{}</td>"
          "<td class=\"bar share\"><i class=\"plain\" style=\"width:{:.2f}%\"></i></td></tr>\n",
          name(output.label), &output == target ? " <span class=\"muted\">(target)</span>" : "",
          format_number(output.logit), escape_html(format_percent(output.probability)),
          100 * std::clamp(output.probability, 0.0, 1.0));
    }
    page_ += "</tbody></table>\n";
  }

  void tokens() {
    put("<details><summary>All {} tokens</summary>\n<div class=\"wide\"><table><thead><tr>"
        "<th scope=\"col\" class=\"num\">Token</th><th scope=\"col\">Written</th>"
        "<th scope=\"col\" class=\"num\">{}</th><th scope=\"col\" class=\"num\">Id</th>"
        "<th scope=\"col\" class=\"num\">Characters</th></tr></thead><tbody>\n",
        report_.tokens.size(), title());
    for (size_t i = 0; i < report_.tokens.size(); ++i) {
      const auto& token = report_.tokens[i];
      put("<tr><td class=\"num\">{}</td><td><bdi class=\"token\">{}</bdi></td><td class=\"num\">{}</td>"
          "<td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
          i, escape_html(token.text), format_exact(token.relevance), token.id,
          token.begin == token.end ? "none" : fmt::format("{}\u2013{}", token.begin, token.end));
    }
    page_ += "</tbody></table></div></details>\n";
  }

  std::string& page_;
  const TextReport& report_;
  size_t index_, count_;
  WordList list_;
  NumberFormat format_;
};

/// What a reader recognises a text by, on one line.
std::string beginning(const TextReport& report) {
  if (report.text.empty()) return fmt::format("{} tokens", report.tokens.size());
  std::u32string start = decode_utf8(report.text);
  const bool cut = start.size() > name_limit;
  if (cut) start.resize(name_limit);
  std::replace_if(start.begin(), start.end(), is_space, U' ');
  return escape_html(encode_utf8(start)) + (cut ? "\u2026" : "");
}

}  // namespace

std::string render_html(const std::vector<TextReport>& reports) {
  require(!reports.empty(), "report", "a page needs at least one explained text; got none");
  const TextReport& first = reports.front();
  const std::string title =
      reports.size() > 1
          ? fmt::format("{} {}: {}", reports.size(), first.which.empty() ? "explained texts" : "explanations",
                        escape_html(first.model))
          : fmt::format("{}: {}", escape_html(first.target), escape_html(first.model));
  std::string page = open_page(title);
  if (reports.size() > 1) {
    page += fmt::format("<h1>{}</h1>\n<nav aria-label=\"Texts\"><ol>\n", title);
    for (size_t i = 0; i < reports.size(); ++i) {
      const std::string& which = reports[i].which;
      page += fmt::format("<li><a href=\"#r{}\"><bdi>{}</bdi></a>: <bdi>{}</bdi>{}</li>\n", i,
                          escape_html(reports[i].target), beginning(reports[i]),
                          which.empty() ? "" : " (" + escape_html(which) + ")");
    }
    page += "</ol></nav>\n";
  }
  for (size_t i = 0; i < reports.size(); ++i) Article(page, reports[i], i, reports.size()).write();
  return page + close_page(first.provenance);
}

}  // namespace lrpp
