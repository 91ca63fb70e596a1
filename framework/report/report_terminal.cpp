#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/terminal_facts.h>
#include <lrpp/framework/report/text_report.h>
#include <lrpp/framework/report/unicode_text.h>
#include <lrpp/framework/report/words.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace lrpp {
namespace {

constexpr size_t shown_words = 200, listed_words = 10, listed_outside = 10;

class Writer {
 public:
  Writer(const TextReport& report, int width, bool color)
      : report_(report),
        list_(merge_words(report)),
        format_(list_.largest),
        width_(width),
        color_(color),
        lines_(width, color) {}

  std::string write() {
    facts();
    lines_.end_line();
    text();
    lines_.end_line();
    bars();
    lines_.end_line();
    lines_.sentence(sum_sentence(report_));
    return lines_.take();
  }

 private:
  void facts() {
    write_facts(lines_, width_, report_);
    const auto position = static_cast<size_t>(report_.position);
    if (report_.position >= 0 && position < report_.tokens.size()) {
      write_fact(lines_, width_, "read at",
                 fmt::format("token {} ({})", position, show_hidden(report_.tokens[position].text)));
    }
  }

  bool stands_out(double value) const { return value != 0 && std::abs(value) >= list_.largest / 4; }

  /// Text as written: its line breaks break lines, and nothing in it can command the terminal.
  void put(std::string_view text, int step) {
    const std::u32string code_points = decode_utf8(text);
    std::u32string run;
    const auto flush = [&] {
      if (!run.empty()) lines_.add(show_hidden(run), step);
      run.clear();
    };
    for (size_t i = 0; i < code_points.size(); ++i) {
      const char32_t c = code_points[i];
      if (c == '\r' && i + 1 < code_points.size() && code_points[i + 1] == '\n') continue;
      if (c != '\n' && c != '\t' && (!is_space(c) || is_hidden(c))) {
        run.push_back(c);
        continue;
      }
      flush();
      if (c == '\n') {
        lines_.end_line();
      } else {
        lines_.space(c == '\t' ? 4 : std::max(1, clusters({&c, 1}).front().width), step);
      }
    }
    flush();
  }

  /// The mark of a piece that stands out, where there is no colour: 1 for, -1 against, 0 none.
  int mark(size_t piece) const {
    const size_t word = list_.pieces[piece].word;
    if (color_ || word == Piece::no_word || !stands_out(list_.words[word].relevance)) return 0;
    return list_.words[word].relevance > 0 ? 1 : -1;
  }

  /// Letters side by side that are marked alike share the mark.
  bool shares_mark(size_t piece, size_t other) const { return list_.letters && mark(piece) == mark(other); }

  void put_word(size_t piece, const PieceRange& range) {
    const Word& word = list_.words[list_.pieces[piece].word];
    const bool marked = mark(piece) != 0;
    const bool opens = marked && (piece == range.begin || !shares_mark(piece - 1, piece));
    const bool closes = marked && (piece + 1 == range.end || !shares_mark(piece, piece + 1));
    const int step = shade(word.relevance, list_.largest, terminal_steps);
    if (opens) lines_.add(word.relevance > 0 ? "{+" : "[-");
    // A line break that matters must be seen.
    if (word.blank && (marked || step != 0)) lines_.add(show_hidden(word.text), step);
    if (!word.blank) put(word.text, step);
    if (closes) lines_.add(word.relevance > 0 ? "+}" : "-]");
    if (word.blank) put(word.text, 0);
  }

  void left_out(size_t count) {
    if (count == 0) return;
    lines_.finish_line();
    lines_.sentence(fmt::format("[... {} words left out ...]", count));
    lines_.end_line();
  }

  void text() {
    const Excerpt excerpt = make_excerpt(list_, shown_words);
    for (const PieceRange& range : excerpt.ranges) {
      left_out(range.skipped);
      for (size_t p = range.begin; p < range.end; ++p) {
        const Piece& piece = list_.pieces[p];
        if (piece.word == Piece::no_word) {
          put(piece.text, 0);
        } else {
          put_word(p, range);
        }
      }
    }
    left_out(excerpt.skipped_after);
    lines_.finish_line();
    if (list_.largest > 0) legend();
  }

  void legend() {
    if (color_) return write_color_scale(lines_, report_, list_.largest);
    lines_.sentence(fmt::format("marked: {{+{}+}} or [-{}-], from a quarter of the largest",
                                report_.multiplier ? "positive" : "for",
                                report_.multiplier ? "negative" : "against"));
    lines_.end_line();
  }

  struct Row {
    std::string name;
    double value;
  };

  void row(const Row& row, int name_columns, int value_columns, int half) {
    lines_.space(2);
    lines_.add(fit_columns(row.name, name_columns));
    lines_.space(2);
    lines_.add(fmt::format("{:>{}}", format_(row.value), value_columns));
    if (half > 0) {
      const double share = list_.largest > 0 ? std::abs(row.value) / list_.largest : 0;
      const int length = std::clamp(static_cast<int>(std::lround(share * half)), 0, half);
      lines_.space(2 + (row.value < 0 ? half - length : half));
      // In colour a bar is cells of background, whose width no font changes; the signs are for everyone else.
      if (length > 0)
        lines_.add(std::string(static_cast<size_t>(length), row.value < 0 ? '-' : '+'),
                   row.value < 0 ? -terminal_steps : terminal_steps);
    }
    lines_.end_line();
  }

  void bars() {
    std::vector<Row> words, outside;
    for (const size_t i : top_words(list_, listed_words))
      words.push_back({show_hidden(listed_name(list_, i)), list_.words[i].relevance});
    double sum = 0;
    for (const size_t i : list_.outside) {
      sum += report_.tokens[i].relevance;
      if (outside.size() < listed_outside)
        outside.push_back({show_hidden(report_.tokens[i].text), report_.tokens[i].relevance});
    }
    int name_columns = 4, value_columns = 1;
    for (const auto* rows : {&words, &outside}) {
      for (const Row& row : *rows) {
        name_columns = std::max(name_columns, display_width(row.name));
        value_columns = std::max(value_columns, static_cast<int>(format_(row.value).size()));
      }
    }
    name_columns = std::min({name_columns, std::max(4, width_ / 3), width_ - value_columns - 4});
    const int half = std::min(20, (width_ - name_columns - value_columns - 6) / 2);
    const std::string noun = report_.multiplier ? "gradient" : "relevance";
    const std::string unit = list_.letters ? "letter" : "word";
    lines_.sentence(words.empty() ? fmt::format("every {}'s {} is zero", unit, noun)
                                  : fmt::format("{}s with the most {}", unit, noun));
    lines_.end_line();
    for (const Row& each : words) row(each, name_columns, value_columns, half < 3 ? 0 : half);
    if (outside.empty()) return;
    lines_.sentence(fmt::format("tokens outside the text: {} in all", format_(sum)));
    lines_.end_line();
    for (const Row& each : outside) row(each, name_columns, value_columns, half < 3 ? 0 : half);
    if (list_.outside.size() > outside.size()) {
      lines_.sentence(fmt::format("  and {} more", list_.outside.size() - outside.size()));
      lines_.end_line();
    }
  }

  const TextReport& report_;
  WordList list_;
  NumberFormat format_;
  int width_;
  bool color_;
  TerminalLines lines_;
};

}  // namespace

std::string render_terminal(const TextReport& report, int width, bool color) {
  require(width >= least_terminal_width, "report", "width must be at least {} columns; got {}",
          least_terminal_width, width);
  return Writer(report, width, color).write();
}

}  // namespace lrpp
