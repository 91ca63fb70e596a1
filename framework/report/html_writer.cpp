#include <fmt/format.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/unicode_text.h>

namespace lrpp {
namespace {

void append_markup(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
}

std::string theme_colors(Theme theme) {
  const bool light = theme == Theme::light;
  std::string css =
      fmt::format(":root{{--page:{};--text:{};--for:{};--against:{};--muted:{};--line:{};--card:{}}}\n",
                  hex(page_background(theme)), hex(page_text(theme)), hex(page_accent(true, theme)),
                  hex(page_accent(false, theme)), light ? "#5b616e" : "#a3a9b5",
                  light ? "#d9dce2" : "#3a3f4a", light ? "#f5f6f8" : "#20232a");
  for (int step = 1; step <= page_steps; ++step) {
    css += fmt::format(".p{0}{{background:{1}}}.n{0}{{background:{2}}}\n", step, hex(page_shade(step, theme)),
                       hex(page_shade(-step, theme)));
  }
  return css;
}

// Tips are placed beside their word where the browser knows anchors, otherwise below its line at the text's
// left edge: never beyond the page's edge, and without a script.
constexpr std::string_view layout = R"css(
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:50rem;background:var(--page);color:var(--text);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem}
h2{font-size:1.25rem;line-height:1.3;margin:0 0 .75rem}
.part{font-size:1rem;margin:2rem 0 .5rem}
article+article,nav+article{border-top:1px solid var(--line);margin-top:2.5rem;padding-top:2rem}
a{color:var(--against)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0}
dt,.muted,caption,footer{color:var(--muted)}
dd{margin:0}
.text{white-space:pre-wrap;font-size:1.125rem;line-height:1.9;margin:.5rem 0;position:relative}
.w{border-radius:.2em;padding:.1em 0;cursor:help;-webkit-box-decoration-break:clone;box-decoration-break:clone}
.w:hover,.w:focus{outline:2px solid var(--text);outline-offset:1px}
.n{text-decoration:underline dotted 1px;text-underline-offset:.25em}
.left{display:block;color:var(--muted);font-size:.875rem;font-style:italic;margin:.25rem 0}
.tip{display:none;position:absolute;z-index:2;max-width:min(22rem,100%);margin-top:.3rem;padding:.5rem .7rem;
background:var(--card);color:var(--text);border:1px solid var(--muted);border-radius:.4rem;
box-shadow:0 2px 10px rgb(0 0 0/.25);font-size:.875rem;line-height:1.4;white-space:normal;pointer-events:none}
.tip b,.tip span{display:block}
.w:hover+.tip,.w:focus+.tip{display:block}
@supports (anchor-scope:--word){
.u{anchor-scope:--word}.w{anchor-name:--word}
.tip{position:fixed;position-anchor:--word;position-area:bottom span-right;max-width:22rem;
position-try-fallbacks:flip-inline,flip-block,flip-inline flip-block;width:max-content}
}
.legend{display:flex;align-items:center;gap:.6rem;flex-wrap:wrap;font-size:.875rem}
.scale{display:inline-flex;border:1px solid var(--line);border-radius:.2rem;overflow:hidden}
.scale i{width:.8rem;height:1rem}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{text-align:left;padding-bottom:.25rem}
th,td{text-align:left;padding:.2rem .6rem .2rem 0;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--muted);font-weight:600}
tbody th{font-weight:400;max-width:16rem}
table{overflow-wrap:break-word}tbody th{overflow-wrap:anywhere;min-width:5rem}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{width:45%;min-width:6rem;vertical-align:middle}.bar.share{width:30%;min-width:2rem}
.bar i{display:block;height:.8rem;border-radius:.15rem;min-width:1px}
.for{background:var(--for)}.against{background:var(--against)}.plain{background:var(--muted)}
.axis{background:linear-gradient(var(--line),var(--line)) calc(50% - .3rem)/1px 100% no-repeat}
details{margin-top:.75rem;border-top:1px solid var(--line);padding-top:.5rem}
summary{cursor:pointer;font-weight:600}
pre{overflow:auto;max-height:30rem;padding:.75rem;background:var(--card);border-radius:.4rem;font-size:.8125rem;
line-height:1.4;white-space:pre-wrap}
code,.token{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.875em}
.wide{overflow-x:auto}
.skip{position:absolute;left:-999rem}
.skip:focus{position:static}
.sum{margin-top:1.5rem;padding:.6rem .8rem;background:var(--card);border-radius:.4rem}
footer{margin-top:2.5rem;font-size:.875rem}
.band{display:flex;height:1.4rem;margin:.5rem 0 .75rem;border:1px solid var(--line);border-radius:.3rem;overflow:hidden}
.band i{flex-basis:0;min-width:2px}
.swatch{display:inline-block;width:.8em;height:.8em;margin-right:.5em;border:1px solid var(--line)}
.share0{background:var(--text)}.share1{background:var(--muted)}
.share2{background:repeating-linear-gradient(90deg,var(--muted) 0 2px,var(--card) 2px 5px)}
.share3{background:repeating-linear-gradient(45deg,var(--text) 0 2px,var(--card) 2px 6px)}
.share4{background:repeating-linear-gradient(0deg,var(--muted) 0 1px,var(--card) 1px 4px)}
.back{outline:2px dashed var(--for);outline-offset:-2px}
.flow th .muted{display:block}
.layers{width:auto;font-size:.8125rem}.layers td{min-width:1.1rem;height:1.3rem;padding:0 1px;border:1px solid var(--page)}
.layers td.num,.layers th.num{padding:0 0 0 .6rem}.layers tbody th{padding-right:.6rem;min-width:1.5rem;white-space:nowrap}
.layers thead th{vertical-align:bottom;padding:.2rem 0}.layers thead th span{writing-mode:vertical-rl;white-space:nowrap}
.layers thead th:first-child{padding-right:.6rem}
.layers tr>:first-child,.layers tr>.num:last-child{position:sticky;left:0;background:var(--page)}
.layers tr>.num:last-child{left:auto;right:0}
@media (max-width:32rem){.flow .bar{display:none}}
@media (max-width:32rem){.bar{min-width:5rem;width:40%}}
@media print{
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{max-width:none;padding:0;font-size:10.5pt}.skip,nav{display:none}pre{max-height:none}
tr,.legend,.sum{break-inside:avoid}h1,h2,.part{break-after:avoid}article+article{break-before:page;border:0}
}
)css";

}  // namespace

std::string escape_html(std::string_view text) {
  std::string result;
  append_markup(result, show_hidden(text));
  return result;
}

std::string escape_html_cut(std::string_view text, size_t limit) {
  std::u32string code_points = decode_utf8(text);
  if (code_points.size() <= limit) return escape_html(text);
  code_points.resize(limit);
  return escape_html(encode_utf8(code_points)) + "\u2026";
}

std::string escape_html_text(std::string_view text) {
  std::string result;
  append_markup(result, show_hidden_text(text));
  return result;
}

std::string page_style() {
  return theme_colors(Theme::light) + "@media screen and (prefers-color-scheme:dark){\n" +
         theme_colors(Theme::dark) + "}" + std::string(layout);
}

}  // namespace lrpp
