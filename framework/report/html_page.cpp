#include <fmt/format.h>
#include <lrpp/framework/report/color_map.h>
#include <lrpp/framework/report/html_page.h>
#include <lrpp/framework/report/html_writer.h>
#include <lrpp/framework/report/report_text.h>

#include <algorithm>
#include <cmath>

namespace lrpp {
namespace {

std::string output_text(const Report::Output& output) {
  return fmt::format("<bdi>{}</bdi>, logit {}, probability {}", escape_html(output.label),
                     format_number(output.logit), escape_html(format_percent(output.probability)));
}

/// For between single quotes of a shell.
std::string quoted(const std::string& label) {
  std::string result;
  for (const char c : label) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return escape_html(result);
}

/// How far the target is ahead of the runner-up, or behind it, and how to explain that.
std::string lead(const Report::Output& target, const Report::Output& other) {
  const double difference = target.logit - other.logit;
  return fmt::format(
      "; the target is {} by {} (<code>--target '<bdi>{}</bdi>-<bdi>{}</bdi>'</code> explains the "
      "difference)",
      difference < 0 ? "behind" : "ahead", format_number(std::abs(difference)), quoted(target.label),
      quoted(other.label));
}

}  // namespace

std::string facts_html(const Report& report) {
  const TargetOutputs outputs = find_outputs(report);
  std::string html;
  const auto fact = [&](const char* label, const std::string& value) {
    if (!value.empty()) html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", label, value);
  };
  fact("Model", escape_html(report.model));
  fact(report.kind == "method" ? "Method" : "Composite", escape_html(report.method));
  std::string target = fmt::format("<strong><bdi>{}</bdi></strong>, score {}", escape_html(report.target),
                                   format_number(report.score));
  if (outputs.target != nullptr)
    target += fmt::format(", probability {}", escape_html(format_percent(outputs.target->probability)));
  fact("Target", target);
  if (outputs.target != nullptr && outputs.runner_up != nullptr)
    fact("Runner-up", output_text(*outputs.runner_up) + lead(*outputs.target, *outputs.runner_up));
  if (outputs.target == nullptr && report.outputs.size() > 1) {
    // A contrast is no single output: what the model itself puts first.
    fact("First", output_text(report.outputs[0]));
    fact("Second", output_text(report.outputs[1]));
  }
  return html;
}

std::string sum_html(const Report& report) {
  std::string sentence = sum_sentence(report);
  sentence.front() = static_cast<char>(sentence.front() - 'a' + 'A');
  const size_t open = sentence.find('`');
  if (open != std::string::npos) {
    sentence.replace(open, 1, "<code>");
    sentence.replace(sentence.find('`'), 1, "</code>");
  }
  return "<p class=\"sum\">" + sentence + ".</p>\n";
}

std::string open_page(const std::string& title, std::string_view style) {
  // The policy is a second lock: even markup that slipped through the escaping could not run or load
  // anything.
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light "
      "dark\">\n<title>{}</title>\n<style>\n{}{}</style>\n</head>\n"
      "<body>\n<main>\n",
      title, page_style(), style);
}

std::string close_page(const Json& provenance) {
  const std::string version = string_at(provenance, "/versions/lrpp");
  return fmt::format("</main>\n<footer>Made with LRP++{}</footer>\n</body>\n</html>\n",
                     version.empty() ? "" : " " + escape_html(version));
}

std::string rules_html(const Json& provenance) {
  const std::vector<RuleUse> uses = rules_used(provenance);
  if (uses.empty()) return {};
  std::string html =
      "<details><summary>Rules used</summary>\n<div class=\"wide\"><table><thead><tr><th "
      "scope=\"col\">Op</th>"
      "<th scope=\"col\">Rule</th><th scope=\"col\">Parameters</th><th scope=\"col\" class=\"num\">Nodes</th>"
      "</tr></thead><tbody>\n";
  for (const RuleUse& use : uses) {
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"num\">{}</td></tr>\n",
                        escape_html(use.op),
                        use.rule.empty() ? "<span class=\"muted\">none needed</span>" : escape_html(use.rule),
                        escape_html(use.parameters), use.count);
  }
  return html + "</tbody></table></div></details>\n";
}

std::string provenance_html(const Json& provenance, std::string_view of) {
  if (provenance.is_null()) return {};
  return fmt::format("<details><summary>Provenance{}</summary>\n<pre tabindex=\"0\">{}</pre></details>\n", of,
                     escape_html_text(provenance.dump(2, ' ', false, Json::error_handler_t::replace)));
}

std::string part_html(std::string_view heading, int level, std::string_view attributes) {
  return fmt::format("<h{0} class=\"part\"{2}>{1}</h{0}>\n", level, heading, attributes);
}

std::string shade_class(double value, double largest) {
  const int step = shade(value, largest, page_steps);
  return step == 0 ? "" : fmt::format("{}{}", step > 0 ? 'p' : 'n', std::abs(step));
}

std::string word_class(double value, double largest) {
  const std::string shade = shade_class(value, largest);
  if (shade.empty()) return "w";
  return (shade.front() == 'n' ? "w n " : "w ") + shade;
}

std::string left_out_html(size_t count) {
  if (count == 0) return {};
  return fmt::format("<span class=\"left\">[\u2026 {} words left out \u2026]</span>", count);
}

std::string bar_cell(double value, double largest) {
  if (value == 0 || largest <= 0) return "<td class=\"bar axis\"></td>";
  const double share = 50 * std::min(1.0, std::abs(value) / largest);
  return fmt::format(
      "<td class=\"bar axis\"><i class=\"{}\" style=\"margin-left:{:.2f}%;width:{:.2f}%\"></i></td>",
      value > 0 ? "for" : "against", value > 0 ? 50 : 50 - share, share);
}

}  // namespace lrpp
