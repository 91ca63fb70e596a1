#include <cairo-pdf.h>
#include <cairo-svg.h>
#include <fmt/format.h>
#include <lrpp/framework/error.h>
#include <lrpp/framework/io/image.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/pango_layout.h>
#include <lrpp/framework/report/report_text.h>
#include <lrpp/framework/report/text_figure.h>
#include <lrpp/framework/report/unicode_text.h>
#include <lrpp/framework/report/words.h>

#include <cmath>
#include <cstdint>
#include <cstring>

namespace lrpp {
namespace {

// In points: the width of a page's text, and of a column of two once it is shrunk to half.
constexpr double width = 480, margin = 8, inner = width - 2 * margin, text_size = 12, note_size = 9;
constexpr double bar_width = 160, bar_height = 9, gap = 8;
constexpr int png_scale = 3, tallest = 30000 / png_scale;  // cairo draws pictures of at most 32767 pixels
constexpr size_t shown_words = 250;
constexpr Rgb muted{91, 97, 110};

/// A text with the attributes that its parts are drawn with.
class Styled {
 public:
  Styled() : attributes_(pango_attr_list_new()) {}
  Styled(const Styled&) = delete;
  Styled& operator=(const Styled&) = delete;
  ~Styled() { pango_attr_list_unref(attributes_); }

  void add(std::string_view part) { text_ += part; }
  void add(std::string_view part, std::initializer_list<PangoAttribute*> attributes) {
    const auto begin = static_cast<guint>(text_.size());
    text_ += part;
    for (PangoAttribute* attribute : attributes) {
      attribute->start_index = begin;
      attribute->end_index = static_cast<guint>(text_.size());
      pango_attr_list_insert(attributes_, attribute);
    }
  }
  /// A space, unless one is there.
  void space() {
    if (!text_.empty() && text_.back() != ' ' && text_.back() != '\n') text_ += ' ';
  }
  void give(const Layout& layout) const {
    pango_layout_set_text(layout.get(), text_.c_str(), static_cast<int>(text_.size()));
    pango_layout_set_attributes(layout.get(), attributes_);
  }

 private:
  std::string text_;
  PangoAttrList* attributes_;
};

using MakeColor = PangoAttribute* (*)(guint16, guint16, guint16);
PangoAttribute* colored(MakeColor make, Rgb c) {
  const auto wide = [](uint8_t part) { return static_cast<guint16>(part * 257); };
  return make(wide(c.red), wide(c.green), wide(c.blue));
}

void add_word(Styled& text, const Word& word, double largest) {
  const bool breaks = word.blank && word.text.find('\n') != std::string::npos;
  const std::string shown = (breaks ? "\u21b5" : "") + show_hidden_text(word.text);
  const int step = word.tokens.empty() ? 0 : shade(word.relevance, largest, page_steps);
  if (step == 0) return text.add(shown);
  PangoAttribute* behind = colored(pango_attr_background_new, page_shade(step, Theme::light));
  if (step > 0) return text.add(shown, {behind});
  text.add(shown, {behind, pango_attr_underline_new(PANGO_UNDERLINE_SINGLE)});
}

void add_left_out(Styled& text, size_t count) {
  if (count == 0) return;
  text.space();
  text.add(fmt::format("[\u2026 {} words left out \u2026]", count),
           {colored(pango_attr_foreground_new, muted), pango_attr_style_new(PANGO_STYLE_ITALIC)});
  text.space();
}

Layout lay_out_words(const WordList& list) {
  Styled text;
  const Excerpt excerpt = make_excerpt(list, shown_words);
  const auto add = [&](size_t p) {
    const Piece& piece = list.pieces[p];
    if (piece.word == Piece::no_word) {
      text.add(show_hidden_text(piece.text));
    } else {
      add_word(text, list.words[piece.word], list.largest);
    }
  };
  for_each_piece(excerpt, add, [&](size_t count) { add_left_out(text, count); });
  Layout layout = make_layout(text_size);
  pango_layout_set_width(layout.get(), static_cast<int>(inner * PANGO_SCALE));
  pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
  pango_layout_set_spacing(layout.get(), 5 * PANGO_SCALE);
  text.give(layout);
  return layout;
}

std::string headline(const TextReport& report) {
  return show_hidden(fmt::format("{}{} for \u201c{}\u201d, score {}: {} under {}",
                                 report.multiplier ? "Gradient" : "Relevance",
                                 report.which.empty() ? "" : " of " + report.which, report.target,
                                 format_number(report.score), report.model, report.method));
}

std::string note(const TextReport& report, const WordList& list, const Layout& words) {
  std::string sentence = sum_sentence(report);
  if (!list.outside.empty()) {
    double outside = 0;
    for (const size_t i : list.outside) outside += report.tokens[i].relevance;
    sentence += fmt::format("; {} of it at tokens that stand for no text", NumberFormat(outside)(outside));
  }
  const int missing = pango_layout_get_unknown_glyphs_count(words.get());
  if (missing > 0) sentence += fmt::format("; {} characters are in no font of this machine", missing);
  sentence.front() = static_cast<char>(sentence.front() - 'a' + 'A');
  return sentence + ".";
}

Layout lay_out_notes(const TextReport& report, const WordList& list, const Layout& words) {
  Styled text;
  text.add(headline(report));
  text.add("\n" + note(report, list, words), {colored(pango_attr_foreground_new, muted)});
  Layout layout = make_layout(note_size);
  pango_layout_set_width(layout.get(), static_cast<int>(inner * PANGO_SCALE));
  pango_layout_set_wrap(layout.get(), PANGO_WRAP_WORD_CHAR);
  text.give(layout);
  return layout;
}

Layout lay_out_line(const std::string& line) {
  Layout layout = make_layout(note_size);
  pango_layout_set_text(layout.get(), line.c_str(), -1);
  return layout;
}

class Figure {
 public:
  explicit Figure(const TextReport& report)
      : list_(merge_words(report)),
        words_(lay_out_words(list_)),
        notes_(lay_out_notes(report, list_, words_)),
        low_(lay_out_line(NumberFormat(list_.largest)(-list_.largest) +
                          (report.multiplier ? " negative (underlined)" : " against (underlined)"))),
        high_(lay_out_line(NumberFormat(list_.largest)(list_.largest) +
                           (report.multiplier ? " positive" : " for the target"))) {
    require(height() <= tallest, "figure",
            "the text must fit into a figure of {} points' height; it takes {:.0f}. Write .html", tallest,
            height());
  }

  double height() const {
    const double legend = list_.largest > 0 ? gap + layout_height(low_) : 0;
    return std::ceil(2 * margin + layout_height(words_) + gap + layout_height(notes_) + legend);
  }

  /// The words that are shown.
  std::string text() const { return show_hidden(pango_layout_get_text(words_.get())); }

  void draw(const Cairo& cairo) const {
    set_color(cairo, page_background(Theme::light));
    cairo_paint(cairo.get());
    double y = margin;
    const auto put = [&](const Layout& layout, double x) {
      set_color(cairo, page_text(Theme::light));
      cairo_move_to(cairo.get(), x, y);
      pango_cairo_show_layout(cairo.get(), layout.get());
    };
    put(words_, margin);
    y += layout_height(words_) + gap;
    put(notes_, margin);
    y += layout_height(notes_) + gap;
    if (list_.largest == 0) return;
    const double bar = margin + layout_width(low_) + gap;
    put(low_, margin);
    put(high_, bar + bar_width + gap);
    draw_bar(cairo, bar, y + (layout_height(low_) - bar_height) / 2);
  }

 private:
  static void draw_bar(const Cairo& cairo, double x, double y) {
    constexpr int steps = 2 * page_steps + 1;
    for (int i = 0; i < steps; ++i) {
      set_color(cairo, page_shade(i - page_steps, Theme::light));
      cairo_rectangle(cairo.get(), x + i * bar_width / steps, y, bar_width / steps, bar_height);
      cairo_fill(cairo.get());
    }
    set_color(cairo, muted);
    cairo_set_line_width(cairo.get(), 0.5);
    cairo_rectangle(cairo.get(), x, y, bar_width, bar_height);
    cairo_stroke(cairo.get());
  }

  WordList list_;
  Layout words_, notes_, low_, high_;
};

cairo_status_t append(void* bytes, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

/// Draws, and finishes the surface.
void draw_on(const Figure& figure, const CairoSurface& surface, double scale) {
  const Cairo cairo(cairo_create(surface.get()));
  cairo_scale(cairo.get(), scale, scale);
  figure.draw(cairo);
  cairo_surface_flush(surface.get());
  const cairo_status_t status = cairo_status(cairo.get());
  LRPP_ASSERT(status == CAIRO_STATUS_SUCCESS, "cairo says: {}", cairo_status_to_string(status));
}

std::string draw_svg(const Figure& figure, const std::string& title) {
  std::string svg;
  {
    const CairoSurface surface(cairo_svg_surface_create_for_stream(append, &svg, width, figure.height()));
    draw_on(figure, surface, 1);
    cairo_surface_finish(surface.get());
  }
  // Letters are outlines: what a reader who hears the page is told stands in the title.
  const size_t end = svg.find('>', svg.find("<svg "));
  LRPP_ASSERT(end != std::string::npos, "cairo wrote no <svg>");
  svg.insert(end + 1, "\n<title>" + escape_html(title) + "</title>");
  return svg;
}

std::string draw_pdf(const Figure& figure, const std::string& title) {
  std::string pdf;
  const CairoSurface surface(cairo_pdf_surface_create_for_stream(append, &pdf, width, figure.height()));
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_TITLE, title.c_str());
  draw_on(figure, surface, 1);
  cairo_surface_finish(surface.get());
  return pdf;
}

std::string draw_png(const Figure& figure, const std::string& title) {
  Image image{std::lround(figure.height() * png_scale), std::lround(width * png_scale), 3, {}};
  const CairoSurface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(image.width),
                                                        static_cast<int>(image.height)));
  draw_on(figure, surface, png_scale);
  const unsigned char* rows = cairo_image_surface_get_data(surface.get());
  const int stride = cairo_image_surface_get_stride(surface.get());
  image.pixels.reserve(static_cast<size_t>(image.height * image.width * 3));
  for (int64_t y = 0; y < image.height; ++y) {
    for (int64_t x = 0; x < image.width; ++x) {
      uint32_t pixel = 0;  // 0x00RRGGBB, in the machine's order of bytes
      std::memcpy(&pixel, rows + y * stride + x * 4, sizeof pixel);
      for (const int shift : {16, 8, 0}) image.pixels.push_back(static_cast<uint8_t>(pixel >> shift));
    }
  }
  return encode_png(image, {{"Description", title}});
}

}  // namespace

FigureFormat figure_format_from_type(std::string_view type) {
  if (type == ".svg") return FigureFormat::svg;
  if (type == ".pdf") return FigureFormat::pdf;
  if (type == ".png") return FigureFormat::png;
  fail("figure", "unknown type '{}'; known: .svg, .pdf, .png", type);
}

std::string draw_text_figure(const TextReport& report, FigureFormat format) {
  const Figure figure(report);
  const std::string title = fmt::format("{}; red for and blue against. {}", headline(report), figure.text());
  if (format == FigureFormat::svg) return draw_svg(figure, title);
  return format == FigureFormat::pdf ? draw_pdf(figure, title) : draw_png(figure, title);
}

}  // namespace lrpp
